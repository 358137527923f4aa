import type { CheckoutLine } from "../../proto/gen/nano/cart/v1/cart.ts";
import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
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
      if (await resolvePayment(deps, order_id, payment_id)) return;
      const again = { name: "resolve_payment", payload: { order_id, payment_id }, after: ASK_AGAIN } as const;
      await deps.orders.transaction((tx) =>
        deps.orders.addFollowUp(tx, { ...again, key: `resolve_payment:${payment_id}` })
      );
    },

    async refund_duplicate(payload) {
      const { payment_id } = payload as { payment_id: string };
      await deps.neighbours.payment.refundPayment(payment_id, "The order was paid twice.");
    },

    reap_keys: () => deps.orders.reapKeys(),
  };
}
