import { counter, gauges, oneOf } from "../shared/metrics.ts";
import { onCommit, type Pool, type Tx } from "../shared/postgres.ts";
import type { Payment } from "./payment.ts";

const ended = counter("nano_payments_total", "What became of payments, by provider, outcome and reason.", [
  "provider",
  "outcome",
  "reason",
]);
const revenue = counter("nano_revenue_total", "Money captured, in minor units of the currency.", ["currency"]);
const refunded = counter("nano_refunds_total", "Money refunded, in minor units of the currency.", ["currency"]);

/** The reasons of declines that a metric tells apart: providers may give others, also new ones. */
const reasonOf = oneOf(
  new Set([
    "amount_not_supported",
    "authentication_required",
    "call_issuer",
    "cancelled",
    "card_declined",
    "card_not_supported",
    "card_velocity_exceeded",
    "currency_not_supported",
    "do_not_honor",
    "expired_card",
    "fraudulent",
    "generic_decline",
    "incorrect_cvc",
    "incorrect_number",
    "insufficient_funds",
    "invalid_account",
    "invalid_cvc",
    "invalid_token",
    "lost_card",
    "pickup_card",
    "processing_error",
    "provider_error",
    "restricted_card",
    "stolen_card",
    "transaction_not_allowed",
    "try_again_later",
  ]),
);

/** Counts what became of a payment, and the money that it brought, once that is committed. */
export function countPayment(tx: Tx, { method, status, failure_code, currency, captured_amount }: Payment): void {
  onCommit(tx, () => {
    ended.inc({ provider: method, outcome: status, reason: status === "declined" ? reasonOf(failure_code) : "" });
    if (captured_amount > 0) revenue.inc({ currency }, captured_amount);
  });
}

/** Counts money that was given back, once that is committed. */
export function countRefund(tx: Tx, currency: string, amount: number): void {
  onCommit(tx, () => refunded.inc({ currency }, amount));
}

/** Shows of how many payments the provider refused to give back what an order that is off had paid, and none of that is on its way. */
export function showRefusedRefunds(pool: Pool): void {
  gauges(
    "nano_refunds_refused",
    "Payments of orders that are off whose refund was refused, and whose money is neither back nor on its way.",
    [],
    async () => {
      const { rows } = await pool.query<{ refused: number }>({
        name: "payment.refused_refunds",
        text:
          `select count(*)::int as refused from payments p where cancel_requested and refunded_amount < captured_amount
                 and refunded_amount + refunding_amount < captured_amount
                 and exists (select from refunds where payment_id = p.id and status = 'failed')`,
      });
      return rows.map(({ refused }) => ({ labels: {}, value: refused }));
    },
  );
}
