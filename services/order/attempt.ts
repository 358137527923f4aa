import type { Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import { conflict, type NanoError } from "../shared/errors.ts";
import {
  type Attempt,
  type AttemptState,
  cancel,
  canMove,
  type Change,
  followUp,
  invalidTransition,
  isOpen,
  isSent,
  NO_CHANGE,
  type Order,
  type PaymentStatus,
  stockOfEnded,
} from "./order.ts";

/** How far along each state is. News of a payment may come twice and in any order: it only ever goes forward. */
const PROGRESS: Record<AttemptState, number> = {
  pending: 0,
  unknown: 0,
  refused: 1,
  abandoned: 1,
  declined: 1,
  authorized: 2,
  captured: 3,
  voided: 4,
  partially_refunded: 4,
  refunded: 5,
};

/** Whether a payment holds money of the buyer's, or the promise of it. */
function holdsMoney(attempt: Attempt): boolean {
  return attempt.state === "authorized" || attempt.captured_amount > attempt.refunded_amount;
}

/** What is known of a payment after news of it; undefined if it is no news. */
export function advance(attempt: Attempt, payment: Payment): Attempt | undefined {
  const state = stateOf(payment.status);
  const refunded_amount = Math.max(attempt.refunded_amount, payment.refunded_amount?.amount ?? 0);
  const captured_amount = Math.max(attempt.captured_amount, payment.captured_amount?.amount ?? 0);
  const ahead = PROGRESS[state] - PROGRESS[attempt.state];
  const more = refunded_amount > attempt.refunded_amount || captured_amount > attempt.captured_amount;
  if (ahead < 0 || (ahead === 0 && !more && state === attempt.state)) return undefined;
  return { ...attempt, state, captured_amount, refunded_amount, failure_code: payment.failure_code ?? null };
}

function stateOf(status: string): AttemptState {
  if (status in PROGRESS) return status as AttemptState;
  throw new Error(`Cannot read a payment's status as it must be one of the contract's: it is ${status}.`);
}

/** The payment status of an order with these payments. */
export function paymentStatus(payments: readonly Attempt[]): PaymentStatus {
  const captured = payments.reduce((sum, { captured_amount }) => sum + captured_amount, 0);
  const refunded = payments.reduce((sum, { refunded_amount }) => sum + refunded_amount, 0);
  if (payments.some(({ state }) => state === "captured" || state === "partially_refunded" || state === "refunded")) {
    return refunded === 0 ? "paid" : refunded < captured ? "partially_refunded" : "refunded";
  }
  if (payments.some(({ state }) => state === "authorized")) return "authorized";
  if (payments.some(isOpen) || payments.some(({ state }) => state === "voided")) return "unpaid";
  return payments.some(({ state }) => state === "declined") ? "failed" : "unpaid";
}

/** Why an order can't be paid now; undefined if it can. */
export function whyNotPayable(order: Order): NanoError | undefined {
  if (order.status === "cancelled" || order.status === "expired") {
    return invalidTransition(order.status, "paid", "buyer");
  }
  if (order.status !== "pending_payment") return conflict("already_paid", "The order is paid already.");
  if (order.payments.some(isOpen)) return conflict("payment_in_progress", "A payment of this order is under way.");
  if (order.overdue) return invalidTransition("expired", "paid", "buyer");
  return undefined;
}

/**
 * An order whose last authorisation was voided, by staff or by the provider: nobody pays for it any more, so it is
 * cancelled and its goods return. What was sent can't be: it stays, unpaid, and the history says why.
 */
function letGo(order: Order): Partial<Change> {
  if (canMove(order.status, "cancelled", "payment")) return cancel(order, "payment voided", true);
  return isSent(order.status) ? { moves: [{ to: order.status, reason: "payment voided" }] } : {};
}

/** What news of one payment changes of its order. `order.payments` holds the news already. */
export function followPayment(order: Order, before: Attempt, now: Attempt): Change {
  const payment_status = paymentStatus(order.payments);
  const change: Change = { ...NO_CHANGE, payment_status };
  const ended = order.status === "cancelled" || order.status === "expired";
  const answered = isOpen(before) && !isOpen(now);
  const succeeded = !holdsMoney(before) && holdsMoney(now) && PROGRESS[before.state] < PROGRESS.authorized;

  if (succeeded && canMove(order.status, "paid", "payment")) {
    return {
      ...change,
      moves: [{ to: "paid", reason: `payment ${now.state}` }],
      follow_ups: [followUp("commit_stock", order.id)],
      events: ["order.paid"],
    };
  }
  if (succeeded && ended) {
    return {
      ...change,
      moves: [{ to: order.status, reason: "a late payment, sent back" }],
      // By the payment's name: the job of the order's end may be done already, and is taken back then by its own.
      follow_ups: [
        { ...followUp("cancel_payments", order.id), key: `cancel_payments:${now.payment_id}` },
        ...(answered ? [stockOfEnded(order)] : []),
      ],
    };
  }
  if (succeeded && order.payments.some((other) => other.payment_id !== now.payment_id && other.captured_amount > 0)) {
    return {
      ...change,
      moves: [{ to: order.status, reason: "paid twice, the second payment is sent back" }],
      follow_ups: [{
        name: "refund_duplicate",
        payload: { order_id: order.id, payment_id: now.payment_id },
        key: `refund_duplicate:${now.payment_id}`,
      }],
    };
  }
  if (answered && ended) return { ...change, follow_ups: [stockOfEnded(order)] };
  // Expiry looked away while the payment was open: it looks again.
  if (answered && order.expire_time) {
    return { ...change, follow_ups: [followUp("expire_order", order.id, { run_at: order.expire_time })] };
  }
  if (now.state === "voided" && before.state !== "voided" && !order.payments.some(holdsMoney)) {
    return { ...change, ...letGo(order) };
  }
  if (payment_status === "refunded" && canMove(order.status, "refunded", "payment")) {
    return { ...change, moves: [{ to: "refunded", reason: "refunded in full" }], events: ["order.refunded"] };
  }
  return change;
}
