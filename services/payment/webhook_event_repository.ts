import type { Pool, Tx } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import type { WebhookEvent } from "./providers/provider.ts";

/** A stored event. */
export interface WebhookRow {
  type: string;
  charge_key: string | null;
  reference: string | null;
  refund_key: string | null;
  processed: boolean;
}

/** The part of the repository that keeps providers' webhooks. */
export function createWebhookEventRepository(pool: Pool) {
  return {
    /** Stores an event; false if it came before. */
    async insertWebhookEvent(tx: Tx, provider: string, event: WebhookEvent): Promise<boolean> {
      const { rowCount } = await tx.query({
        name: "payment.insert_webhook_event",
        text: `insert into webhook_events (provider, event_id, type, charge_key, reference, refund_key)
               values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        values: [
          provider,
          event.id,
          event.type,
          event.charge_key ?? null,
          event.reference ?? null,
          event.refund_key ?? null,
        ],
      });
      return rowCount === 1;
    },

    async findWebhookEvent(provider: string, event_id: string): Promise<WebhookRow | undefined> {
      const { rows } = await pool.query<WebhookRow>({
        name: "payment.find_webhook_event",
        text: `select type, charge_key, reference, refund_key, process_time is not null as processed
               from webhook_events where provider = $1 and event_id = $2`,
        values: [provider, event_id],
      });
      return rows[0];
    },

    async finishWebhookEvent(provider: string, event_id: string, outcome: "settled" | "ignored"): Promise<void> {
      await pool.query({
        name: "payment.finish_webhook_event",
        text: `update webhook_events set outcome = $3, process_time = now()
               where provider = $1 and event_id = $2 and process_time is null`,
        values: [provider, event_id, outcome],
      });
    },

    /** Forgets events of 30 days ago: providers repeat theirs for 3. */
    async reapWebhookEvents(): Promise<void> {
      const old = "receive_time < now() - interval '30 days' and process_time is not null";
      await deleteInBatches(pool, "webhook_events", old);
    },
  };
}
