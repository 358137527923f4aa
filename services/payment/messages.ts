import type { Payment as PaymentMessage, Refund as RefundMessage } from "../../proto/gen/nano/payment/v1/payment.ts";
import { inCurrency, type Payment } from "./payment.ts";
import type { Refund } from "./refund.ts";

/** A payment as neighbours see it. */
export function paymentMessage(payment: Payment): PaymentMessage {
  return {
    id: payment.id,
    order_id: payment.order_id,
    store_id: payment.store_id,
    method: payment.method,
    status: payment.status,
    amount: inCurrency(payment, payment.amount),
    captured_amount: inCurrency(payment, payment.captured_amount),
    refunded_amount: inCurrency(payment, payment.refunded_amount),
    ...(payment.failure_code === null ? {} : { failure_code: payment.failure_code }),
    create_time: payment.create_time,
  };
}

/** A refund as neighbours see it. */
export function refundMessage(refund: Refund): RefundMessage {
  return {
    id: refund.id,
    payment_id: refund.payment_id,
    order_id: refund.order_id,
    status: refund.status,
    amount: inCurrency(refund, refund.amount),
    reason: refund.reason,
    items: refund.items,
    restock: refund.restock,
    create_time: refund.create_time,
  };
}

/** What an event says: the payment, and the refund that it is about, as the REST API shows them. */
export function eventData(payment: Payment, refund?: Refund) {
  const { store_id: _, ...shown } = paymentMessage(payment);
  return { payment: shown, ...(refund ? { refund: refundMessage(refund) } : {}) };
}
