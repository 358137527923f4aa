import { newId, sha256 } from "../shared/ids.ts";
import { counter } from "../shared/metrics.ts";
import { transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import type { Outcome } from "./send_request.ts";
import { bodyOf, judge } from "./webhook.ts";
import type { DeliverJob, Parcel, WebhookRepository } from "./webhook_repository.ts";
import { signedHeaders } from "./webhook_secret.ts";

/** An answer that took longer makes an endpoint slow. */
const SLOW_MS = 5_000;
/** Requests to slow endpoints at a time, in all: the rest of the jobs' places is for the others. */
const MAX_SLOW = 6;
/** Pause of one that found no place. */
const NO_PLACE_SECONDS = 2;

const ended = counter("nano_webhook_deliveries_total", "Attempts to deliver webhooks, by what became of them.", [
  "outcome",
]);

/**
 * Makes one attempt at a delivery: signs, has it sent, and writes down the answer together with what follows from it.
 * An attempt that is there already, or that a replay or a disabled endpoint overtook, is not made. Killed in between it
 * is made again, under the same webhook-id.
 */
export function deliverWebhook({ pool, webhooks, vault, neighbours: { deliver } }: Deps) {
  let slowOnes = 0;

  return async (payload: unknown): Promise<void> => {
    const job = payload as DeliverJob;
    const parcel = await webhooks.findParcel(pool, job.delivery_id);
    if (!parcel || parcel.state !== "pending" || parcel.attempt !== job.attempt) return;
    if (!parcel.active && await giveUp(parcel)) return;
    // A slow endpoint's jobs leave the lanes that they were given while it was quick.
    if (parcel.slow && !job.slow) return await webhooks.addDeliverJob(pool, parcel, true);
    if (!parcel.slow) return await attempt(parcel);
    if (slowOnes >= MAX_SLOW) return await webhooks.addDeliverJob(pool, parcel, true, NO_PLACE_SECONDS);
    slowOnes++;
    try {
      await attempt(parcel);
    } finally {
      slowOnes--;
    }
  };

  async function attempt(parcel: Parcel): Promise<void> {
    const body = bodyOf(parcel.event);
    const time = new Date();
    const secrets = await secretsOf(parcel);
    const headers = signedHeaders(secrets, parcel.event_id, time, body);
    const outcome: Outcome = secrets.length
      ? await deliver.send({ url: parcel.url, headers, body })
      : { error: "secret_unreadable", response_start: "", duration_ms: 0 };
    const request = { id: newId(), time, url: parcel.url, request_headers: headers };
    await record(parcel, { ...request, request_body_sha256: await sha256(body) }, outcome);
  }

  /** Gives up what was on its way to a disabled webhook and not there yet when that was done; false if it is active again. */
  function giveUp({ webhook_id }: Parcel): Promise<boolean> {
    return transaction(pool, async (tx) => {
      const endpoint = await webhooks.lock(tx, webhook_id);
      if (endpoint?.status === "active") return false;
      await webhooks.giveUp(tx, webhook_id);
      return true;
    });
  }

  /** The secrets that sign: the latest first. None where the latest can't be read any more. */
  async function secretsOf({ webhook_id, secret, old_secret }: Parcel): Promise<string[]> {
    const latest = await vault.open(secret, webhook_id);
    const old = old_secret ? await vault.open(old_secret, webhook_id) : undefined;
    return latest ? [latest, ...(old ? [old] : [])] : [];
  }

  async function record(
    parcel: Parcel,
    request: Parameters<WebhookRepository["insertAttempt"]>[2],
    outcome: Outcome,
  ): Promise<void> {
    const verdict = judge(outcome.status, parcel.attempt + 1);
    const succeeded = verdict.state === "succeeded";
    const slow = !succeeded || outcome.duration_ms > SLOW_MS;
    const settled = await transaction(pool, async (tx) => {
      // Endpoint before delivery, as whoever disables it does. Deleted meanwhile: the log is gone, too.
      const endpoint = await webhooks.lock(tx, parcel.webhook_id);
      if (!endpoint) return false;
      await webhooks.insertAttempt(tx, parcel.id, request, outcome, parcel.event.data);
      const settled = await webhooks.settle(tx, parcel, verdict, slow);
      const failing = await webhooks.noteHealth(tx, endpoint.id, succeeded, slow);
      const reason = verdict.state === "failed" && verdict.gone ? "gone" : failing;
      if (reason) {
        await webhooks.disable(tx, endpoint.id, reason);
        await webhooks.giveUp(tx, endpoint.id);
      }
      return settled;
    });
    if (settled) ended.inc({ outcome: verdict.state === "pending" ? "retried" : verdict.state });
  }
}
