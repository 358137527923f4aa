import type { CheckoutLine } from "../../proto/gen/nano/cart/v1/cart.ts";
import { toNanoError } from "../shared/errors.ts";
import { orYield } from "../shared/idempotency.ts";
import type { JobHandlers } from "../shared/jobs.ts";
import { publishEvent } from "../shared/publish_event.ts";
import { expireOrder } from "./change_status.ts";
import type { Deps } from "./deps.ts";
import { FOLLOW_UPS, orderOf } from "./follow_ups.ts";
import { resolvePayment } from "./pay_order.ts";
import { resumeOrder } from "./place_order.ts";

/** A payment without an answer is asked for again after so long; the payment service also tells of it by itself. */
const ASK_AGAIN = "15 seconds";

/** Keys are forgotten 24 h after their requests were final. */
export const crontab = "23 * * * * reap_keys";

/** The durable jobs: what nobody waits for, and what a crash left half-done. Each may run twice. */
export function createJobs(deps: Deps): JobHandlers {
  return {
    publish_event: publishEvent(deps.neighbours.store),
    commit_stock: (payload) => FOLLOW_UPS.commit_stock(deps, payload),
    release_stock: (payload) => FOLLOW_UPS.release_stock(deps, payload),
    return_stock: (payload) => FOLLOW_UPS.return_stock(deps, payload),
    cancel_payments: (payload) => FOLLOW_UPS.cancel_payments(deps, payload),
    expire_order: (payload) => expireOrder(deps, orderOf(payload)),

    async close_cart(payload) {
      const { order_id, cart_id, lines } = payload as { order_id: string; cart_id: string; lines: CheckoutLine[] };
      await deps.neighbours.cart.closeCart(cart_id, order_id, lines);
    },

    async resume_order(payload) {
      const order_id = orderOf(payload);
      if (await deps.orders.takeOverKey(order_id)) await resumeOrder(deps, order_id);
    },

    async resolve_payment(payload) {
      const { order_id, payment_id } = payload as { order_id: string; payment_id: string };
      if (await isResolved(deps, order_id, payment_id)) return;
      // Soon, however often it was asked already: a buyer waits for it.
      await deps.orders.resolveLater(order_id, payment_id, ASK_AGAIN);
    },

    async refund_duplicate(payload) {
      const { payment_id } = payload as { payment_id: string };
      await deps.neighbours.payment.refundPayment(payment_id, "The order was paid twice.");
    },

    reap_keys: () => deps.orders.reapKeys(),
  };
}

/** Whether it is known now what became of a payment: not while a request works on it, nor where nobody tells. */
async function isResolved(deps: Deps, order_id: string, payment_id: string): Promise<boolean> {
  const yieldLease = () => deps.orders.yieldKey(payment_id);
  try {
    // A request that works on it may be about to ask for the money.
    await deps.orders.takeOverKey(payment_id);
    const done = await orYield(yieldLease, () => resolvePayment(deps, order_id, payment_id));
    if (!done) await yieldLease();
    return done;
  } catch (error) {
    const { kind, code } = toNanoError(error);
    if (kind !== "unavailable" && kind !== "timeout" && code !== "request_in_progress") throw error;
    deps.log.warn({ err: error, payment_id }, "nobody tells yet what became of a payment");
    return false;
  }
}
