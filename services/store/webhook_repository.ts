import { Buffer } from "node:buffer";
import { addJob } from "../shared/jobs.ts";
import type { Pool, Sql, Tx } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import type { Outcome } from "./send_request.ts";
import type { DeliveryState, DisabledReason, Verdict, Webhook, WebhookSettings } from "./webhook.ts";

export type WebhookRepository = ReturnType<typeof createWebhookRepository>;

/** An event on its way to a webhook. */
export interface Delivery {
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  state: DeliveryState;
  attempt: number;
  next_time: Date | null;
  create_time: Date;
}

/** A delivery with all that is needed to send it. */
export interface Parcel extends Delivery {
  event: { type: string; time: Date; data: object };
  url: string;
  /** Whether its webhook is to be told of anything. */
  active: boolean;
  slow: boolean;
  secret: Uint8Array;
  /** The one before, while it still signs. */
  old_secret: Uint8Array | null;
}

/** One request that was sent, and its answer. */
export interface Attempt {
  id: string;
  time: Date;
  url: string;
  request_headers: Record<string, string>;
  request_body_sha256: string;
  response_status: number | null;
  response_start: string;
  duration_ms: number;
  error: string | null;
}

/** The job of an attempt; `attempt` are those made before. */
export interface DeliverJob {
  delivery_id: string;
  attempt: number;
  /** Whether it keeps to its endpoint's slow lane. */
  slow: boolean;
}

const COLUMNS = `id, store_id, url, description, event_types, status, disabled_reason, failing_since, slow,
  case when old_secret_expire_time > now() then old_secret_expire_time end as old_secret_expire_time,
  create_time, update_time, version`;
const DELIVERY = `d.id, d.endpoint_id as webhook_id, d.event_id, v.type as event_type, d.state, d.attempt, d.next_time,
  d.create_time`;
/** Above every id. */
const LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** How many requests an endpoint gets at a time; a slow one gets one. */
const LANES = 2;

/** The statements about webhooks, their deliveries and what became of them. */
export function createWebhookRepository(pool: Pool) {
  /** Adds the job of a delivery's next attempt, in place of one that waits. */
  async function addDeliverJob(
    tx: Sql,
    { id, webhook_id, attempt }: { id: string; webhook_id: string; attempt: number },
    slow: boolean,
    seconds = 0,
  ): Promise<void> {
    const lane = slow ? "slow" : Number.parseInt(id.slice(-4), 16) % LANES;
    const payload: DeliverJob = { delivery_id: id, attempt, slow };
    await addJob(tx, "store", "deliver_webhook", payload, {
      key: `webhook:${id}`,
      queue: `webhook:${webhook_id}:${lane}`,
      after: `${seconds} seconds`,
    });
  }

  const addForgetJob = (sql: Sql, webhook_id: string) => addJob(sql, "store", "forget_deliveries", { webhook_id });

  return {
    addDeliverJob,

    async get(id: string): Promise<Webhook | undefined> {
      const { rows: [row] } = await pool.query<Webhook>({
        name: "webhook.get",
        text: `select ${COLUMNS} from webhook_endpoints where id = $1`,
        values: [id],
      });
      return row;
    },

    /** Reads a webhook that nobody may change meanwhile. */
    async lock(tx: Tx, id: string): Promise<Webhook | undefined> {
      const { rows: [row] } = await tx.query<Webhook>({
        name: "webhook.lock",
        text: `select ${COLUMNS} from webhook_endpoints where id = $1 for no key update`,
        values: [id],
      });
      return row;
    },

    async list(store_id: string, before: string | undefined, limit: number): Promise<Webhook[]> {
      const { rows } = await pool.query<Webhook>({
        name: "webhook.list",
        text: `select ${COLUMNS} from webhook_endpoints where store_id = $1 and id < $2 order by id desc limit $3`,
        values: [store_id, before ?? LAST, limit],
      });
      return rows;
    },

    async count(sql: Sql, store_id: string): Promise<number> {
      const { rows: [row] } = await sql.query<{ total: number }>({
        name: "webhook.count",
        text: "select count(*)::int as total from webhook_endpoints where store_id = $1",
        values: [store_id],
      });
      return row?.total ?? 0;
    },

    /** Lets one transaction at a time add webhooks to a store; false if there is none. */
    async lockStore(tx: Tx, store_id: string): Promise<boolean> {
      const text = "select from stores where id = $1 for no key update";
      return (await tx.query({ name: "webhook.lock_store", text, values: [store_id] })).rowCount === 1;
    },

    async insert(
      tx: Tx,
      webhook: WebhookSettings & { id: string; store_id: string },
      secret: Uint8Array,
    ): Promise<Webhook> {
      const { id, store_id, url, description, event_types, status } = webhook;
      const { rows: [row] } = await tx.query<Webhook>({
        text:
          `insert into webhook_endpoints (id, store_id, url, description, event_types, status, disabled_reason, secret)
               values ($1, $2, $3, $4, $5, $6, case when $6 = 'disabled' then 'manual' end, $7) returning ${COLUMNS}`,
        values: [id, store_id, url, description, event_types, status, Buffer.from(secret)],
      });
      return row as Webhook;
    },

    /** Replaces the settings if the version is still the given one; undefined if not. What is switched on starts afresh. */
    async update(tx: Tx, id: string, version: number, settings: WebhookSettings): Promise<Webhook | undefined> {
      const { url, description, event_types, status } = settings;
      const { rows: [row] } = await tx.query<Webhook>({
        text: `update webhook_endpoints set url = $3, description = $4, event_types = $5, status = $6,
                 disabled_reason = case when $6 = 'disabled' then coalesce(disabled_reason, 'manual') end,
                 failing_since = case when status = 'active' then failing_since end,
                 version = version + 1, update_time = now()
               where id = $1 and version = $2 returning ${COLUMNS}`,
        values: [id, version, url, description, event_types, status],
      });
      return row;
    },

    /** Puts a new secret in place; the one that was there signs too for 24 hours. */
    async rotate(tx: Tx, id: string, secret: Uint8Array): Promise<Webhook | undefined> {
      const { rows: [row] } = await tx.query<Webhook>({
        text: `update webhook_endpoints set secret = $2, old_secret = secret,
                 old_secret_expire_time = now() + interval '24 hours', version = version + 1, update_time = now()
               where id = $1 returning ${COLUMNS}`,
        values: [id, Buffer.from(secret)],
      });
      return row;
    },

    /** Deletes a webhook, with the job that deletes its log. */
    async remove(tx: Tx, id: string): Promise<void> {
      await tx.query({ text: "delete from webhook_endpoints where id = $1", values: [id] });
      await addForgetJob(tx, id);
    },

    /** Deletes the deliveries of a webhook that is gone; for what there is no time for, adds a further job. */
    async forgetDeliveries(webhook_id: string): Promise<void> {
      const done = await deleteInBatches(pool, "webhook_deliveries", "endpoint_id = $1", [webhook_id]);
      if (!done) await addForgetJob(pool, webhook_id);
    },

    /** The active webhooks of a store that get events of a type; none of them can be deleted meanwhile. */
    async subscribed(tx: Tx, store_id: string, type: string): Promise<{ id: string; slow: boolean }[]> {
      const { rows } = await tx.query<{ id: string; slow: boolean }>({
        name: "webhook.subscribed",
        text: `select id, slow from webhook_endpoints
               where store_id = $1 and status = 'active' and event_types && array[$2, '*'] order by id for key share`,
        values: [store_id, type],
      });
      return rows;
    },

    /** Begins a delivery, with its job. */
    async insertDelivery(
      tx: Tx,
      { id, webhook_id, event_id }: { id: string; webhook_id: string; event_id: string },
      slow: boolean,
    ): Promise<void> {
      await tx.query({
        name: "webhook.insert_delivery",
        text: "insert into webhook_deliveries (id, endpoint_id, event_id) values ($1, $2, $3)",
        values: [id, webhook_id, event_id],
      });
      await addDeliverJob(tx, { id, webhook_id, attempt: 0 }, slow);
    },

    async listDeliveries(
      webhook_id: string,
      state: string | undefined,
      before: string | undefined,
      limit: number,
    ): Promise<Delivery[]> {
      const { rows } = await pool.query<Delivery>({
        name: "webhook.deliveries",
        text: `select ${DELIVERY} from webhook_deliveries d join events v on v.id = d.event_id
               where d.endpoint_id = $1 and ($2::text is null or d.state = $2) and d.id < $3 order by d.id desc limit $4`,
        values: [webhook_id, state ?? null, before ?? LAST, limit],
      });
      return rows;
    },

    async countDeliveries(webhook_id: string, state: string | undefined): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>({
        name: "webhook.count_deliveries",
        text: `select count(*)::int as total from webhook_deliveries
               where endpoint_id = $1 and ($2::text is null or state = $2)`,
        values: [webhook_id, state ?? null],
      });
      return row?.total ?? 0;
    },

    /** A delivery with what it takes to send it. */
    async findParcel(sql: Sql, id: string): Promise<(Parcel & { store_id: string }) | undefined> {
      const { rows: [row] } = await sql.query<Omit<Parcel, "event"> & Parcel["event"] & { store_id: string }>({
        name: "webhook.parcel",
        text: `select ${DELIVERY}, v.type, v.time, v.data, e.store_id, e.url, e.status = 'active' as active,
                 e.slow, e.secret,
                 case when e.old_secret_expire_time > now() then e.old_secret end as old_secret
               from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
                 join events v on v.id = d.event_id
               where d.id = $1`,
        values: [id],
      });
      if (!row) return undefined;
      const { type, time, data, ...parcel } = row;
      return { ...parcel, event: { type, time, data } };
    },

    async listAttempts(delivery_id: string): Promise<Attempt[]> {
      const { rows } = await pool.query<Attempt>({
        name: "webhook.attempts",
        text: `select id, time, url, request_headers, request_body_sha256, response_status, response_start, duration_ms,
                 error from webhook_attempts where delivery_id = $1 order by id`,
        values: [delivery_id],
      });
      return rows;
    },

    /** Begins a delivery anew. */
    async restart(tx: Tx, { id, webhook_id }: { id: string; webhook_id: string }, slow: boolean): Promise<void> {
      await tx.query({
        name: "webhook.restart",
        text: "update webhook_deliveries set state = 'pending', attempt = 0, next_time = now() where id = $1",
        values: [id],
      });
      await addDeliverJob(tx, { id, webhook_id, attempt: 0 }, slow);
    },

    async insertAttempt(
      tx: Tx,
      delivery_id: string,
      attempt: Omit<Attempt, "response_status" | "error" | "response_start" | "duration_ms">,
      { status, response_start, duration_ms, error }: Outcome,
      data: object,
    ): Promise<void> {
      await tx.query({
        name: "webhook.insert_attempt",
        // The event is locked against being erased: once it is, what was answered to it before is erased, too.
        text: `with told as (
                 select v.data = $11::jsonb as same from webhook_deliveries d join events v on v.id = d.event_id
                 where d.id = $2 for share of v
               )
               insert into webhook_attempts (id, delivery_id, time, url, request_headers, request_body_sha256,
                 response_status, response_start, duration_ms, error)
               values ($1, $2, $3, $4, $5, $6, $7, case when (select same from told) then $8 else '' end, $9, $10)`,
        values: [
          attempt.id,
          delivery_id,
          attempt.time,
          attempt.url,
          JSON.stringify(attempt.request_headers),
          attempt.request_body_sha256,
          status ?? null,
          response_start,
          duration_ms,
          status === undefined ? error ?? "connection_failed" : null,
          JSON.stringify(data),
        ],
      });
    },

    /** Writes an attempt's verdict, with the job of the next one; false if the delivery moved on meanwhile. */
    async settle(
      tx: Tx,
      { id, webhook_id, attempt }: { id: string; webhook_id: string; attempt: number },
      verdict: Verdict,
      slow: boolean,
    ): Promise<boolean> {
      const delay = verdict.state === "pending" ? verdict.delay : null;
      const { rowCount } = await tx.query({
        name: "webhook.settle",
        text: `update webhook_deliveries set state = $3, attempt = attempt + 1,
                 next_time = now() + $4::double precision * interval '1 second'
               where id = $1 and attempt = $2 and state = 'pending'`,
        values: [id, attempt, verdict.state, delay],
      });
      if (rowCount === 1 && delay !== null) {
        await addDeliverJob(tx, { id, webhook_id, attempt: attempt + 1 }, slow, delay);
      }
      return rowCount === 1;
    },

    /** Notes how an endpoint does; says which reason there is to disable it, if any. */
    async noteHealth(tx: Tx, id: string, succeeded: boolean, slow: boolean): Promise<DisabledReason | undefined> {
      const { rows: [row] } = await tx.query<{ failing: boolean | null }>({
        name: "webhook.note_health",
        text: `update webhook_endpoints set slow = $3,
                 failing_since = case when not $2 then coalesce(failing_since, now()) end
               where id = $1 returning failing_since < now() - interval '5 days' as failing`,
        values: [id, succeeded, slow],
      });
      return row?.failing ? "failing" : undefined;
    },

    async disable(tx: Tx, id: string, reason: DisabledReason): Promise<void> {
      await tx.query({
        name: "webhook.disable",
        text: `update webhook_endpoints set status = 'disabled', disabled_reason = $2, version = version + 1,
                 update_time = now() where id = $1 and status = 'active'`,
        values: [id, reason],
      });
    },

    /** Gives up what is on its way to a webhook; a replay brings it back. */
    async giveUp(tx: Tx, id: string): Promise<void> {
      await tx.query({
        name: "webhook.give_up",
        text:
          "update webhook_deliveries set state = 'failed', next_time = null where endpoint_id = $1 and state = 'pending'",
        values: [id],
      });
    },
  };
}
