import { unavailable } from "../shared/errors.ts";
import { reapKeys } from "../shared/idempotency.ts";
import type { JobHandlers } from "../shared/jobs.ts";
import { publishEvent } from "../shared/publish_event.ts";
import { letGo } from "./cancel_payments.ts";
import type { Deps } from "./deps.ts";
import { paymentMessage, refundMessage } from "./messages.ts";
import { holds, isOpen } from "./payment.ts";
import { runRefund } from "./refund_payment.ts";
import { processWebhook } from "./receive_webhook.ts";
import { reconcileLedger } from "./reconcile_ledger.ts";
import { resolvePayment } from "./resolve_payment.ts";
import { runOperation } from "./run_operation.ts";
import { ANSWER_MS } from "./settle_payment.ts";

/** Every 5 minutes the ledger is checked, in place of a check that failed; once an hour what is old is forgotten. */
export const crontab = "*/5 * * * * reconcile_ledger ?jobKey=reconcile_ledger\n17 * * * * reap_keys";

/** The durable jobs of the payment service. Each reads the state first, so that running it again does no harm. */
export function createJobs(deps: Deps): JobHandlers {
  const { pool, repository, neighbours: { order, store } } = deps;
  return {
    publish_event: publishEvent(store),

    /** Tells the order service how a payment stands now, and the refund that brought it there. */
    async report_payment(payload) {
      const { payment_id, refund_id } = payload as { payment_id: string; refund_id?: string };
      const payment = await repository.find(payment_id);
      if (!payment) return;
      const refund = refund_id ? await repository.findRefund(refund_id) : undefined;
      await order.recordPayment({
        payment: paymentMessage(payment),
        ...(refund ? { refund: refundMessage(refund) } : {}),
      });
    },

    /** Asks the provider, with growing pauses, until it is known what became of a payment; lets go of it if its order is off. */
    async resolve_payment(payload) {
      const { payment_id } = payload as { payment_id: string };
      const payment = await repository.find(payment_id);
      if (!payment) return;
      if (payment.cancel_requested) await letGo(deps, payment);
      else if (isOpen(payment)) await resolvePayment(deps, payment, ANSWER_MS, true);
      const after = await repository.find(payment_id);
      if (after && (isOpen(after) || after.cancel_requested && holds(after))) {
        throw unavailable("The provider has not told yet.");
      }
    },

    /** Carries out a refund whose request did not see its end. */
    async run_refund(payload) {
      const refund = await runRefund(deps, (payload as { refund_id: string }).refund_id);
      if (refund?.status === "pending") throw unavailable("The provider has not told yet.");
    },

    /** Carries out a capture or void whose request did not see its end. */
    async run_operation(payload) {
      const operation = await runOperation(deps, (payload as { operation_id: string }).operation_id);
      if (operation?.status === "pending") throw unavailable("The provider has not told yet.");
    },

    /** Follows an event that a provider sent. */
    async process_webhook(payload) {
      const { provider, event_id } = payload as { provider: string; event_id: string };
      await processWebhook(deps, provider, event_id);
    },

    async reconcile_ledger() {
      await reconcileLedger(deps);
    },

    async reap_keys() {
      await reapKeys(pool);
      await repository.reapWebhookEvents();
    },
  };
}
