import { invalid, notFound } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { counter } from "../shared/metrics.ts";
import type { Deps } from "./deps.ts";
import { BadWebhook, type WebhookEvent } from "./providers/provider.ts";
import { recordProviderRefunds } from "./record_provider_refunds.ts";
import { refreshPayment } from "./resolve_payment.ts";
import { runRefund } from "./refund_payment.ts";
import { runOperation } from "./run_operation.ts";
import { ANSWER_MS } from "./settle_payment.ts";

const received = counter("nano_webhooks_received_total", "Webhooks of providers, by outcome.", ["provider", "outcome"]);

/**
 * Takes a provider's webhook: checks its signature over the raw body and stores the event with the job that follows it.
 * An event that came before is not stored again. Throws `invalid_webhook`, which tells nothing of why.
 */
export async function receiveWebhook(
  { repository, providers, log }: Deps,
  provider: string,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<void> {
  const parse = providers.all.find(({ method }) => method.id === provider)?.parseWebhook;
  if (!parse) throw notFound("provider");
  let event: WebhookEvent | undefined;
  try {
    event = parse(headers, body);
    if (event && !isFit(event)) throw new BadWebhook("The event has no fit id.");
  } catch (error) {
    if (!(error instanceof BadWebhook)) throw error;
    received.inc({ provider, outcome: "refused" });
    log.warn({ provider, reason: error.message }, "a webhook was refused");
    throw invalid("invalid_webhook", "The webhook is not valid.");
  }
  received.inc({ provider, outcome: event ? "stored" : "ignored" });
  if (!event) return;
  const { id: event_id } = event;
  await repository.transaction(async (tx) => {
    if (!await repository.insertWebhookEvent(tx, provider, event)) return;
    await repository.addJob(tx, "process_webhook", { provider, event_id });
  });
}

/**
 * Follows a stored event: asks the provider how the charge or refund stands now, and has ours follow that. What the
 * event itself claims does not count, so that events may come in any order, late, and twice.
 */
export async function processWebhook(deps: Deps, provider: string, event_id: string): Promise<void> {
  const { repository } = deps;
  const event = await repository.findWebhookEvent(provider, event_id);
  if (!event || event.processed) return;
  const payment = await repository.findCharge(provider, event.charge_key, event.reference);
  if (payment) {
    const operation = await repository.findPendingOperation(payment.id);
    if (operation) await runOperation(deps, operation.id);
    await refreshPayment(deps, payment, ANSWER_MS);
    await recordProviderRefunds(deps, await repository.find(payment.id) ?? payment, ANSWER_MS);
  }
  const refund = event.refund_key && isId(event.refund_key) ? await repository.findRefund(event.refund_key) : undefined;
  if (refund) await runRefund(deps, refund.id);
  if (refund?.status === "succeeded" && event.type === "refund.failed") {
    deps.log.error(
      { refund_id: refund.id },
      "a refund that had succeeded has failed at the provider: see to it by hand",
    );
  }
  await repository.finishWebhookEvent(provider, event_id, payment || refund ? "settled" : "ignored");
}

/** Whether an event can be stored: providers' names are short ASCII. */
function isFit({ id, type, charge_key = "", reference = "", refund_key = "" }: WebhookEvent): boolean {
  return id !== "" && [id, type, charge_key, reference, refund_key].every((text) => /^[\x20-\x7e]{0,255}$/.test(text));
}
