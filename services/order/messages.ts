import {
  type Order as OrderMessage,
  PayOrderResponse,
  PlaceOrderResponse,
} from "../../proto/gen/nano/order/v1/order.ts";
import type { Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Address } from "../../proto/gen/nano/common/v1/common.ts";
import { NanoError } from "../shared/errors.ts";
import type { Outcome } from "../shared/idempotency.ts";
import { money } from "../shared/money.ts";
import { type Attempt, isOpen, type Order } from "./order.ts";

/** An order as RPCs, events and REST show it: without what is internal. */
export function toMessage(order: Order): OrderMessage {
  const amount = (minor: number) => money(minor, order.currency);
  return {
    id: order.id,
    number: order.number,
    store_id: order.store_id,
    ...(order.user_id ? { user_id: order.user_id } : {}),
    email: order.email,
    status: order.status,
    payment_status: order.payment_status,
    items: order.items.map(({ id, product_id, variant_id, sku, name, quantity, unit_price, tax, total }) => ({
      id,
      product_id,
      variant_id,
      sku,
      name,
      quantity,
      unit_price: amount(unit_price),
      tax: amount(tax),
      total: amount(total),
    })),
    subtotal: amount(order.subtotal),
    discount: amount(order.discount),
    shipping: amount(order.shipping),
    tax: amount(order.tax),
    total: amount(order.total),
    shipping_address: compact(order.shipping_address),
    ...(order.billing_address ? { billing_address: compact(order.billing_address) } : {}),
    ...(order.note ? { note: order.note } : {}),
    history: order.history,
    expire_time: order.status === "pending_payment" ? order.expire_time : undefined,
    create_time: order.create_time,
    version: order.version,
  };
}

/** At most so many bytes an order's message has: 3 for each character, and some for what is of a bounded size. */
export function bytesOf({ items, history }: Order): number {
  const lines = items.reduce((sum, { name, sku }) => sum + 250 + 3 * (name.length + sku.length), 0);
  const steps = history.reduce((sum, { reason }) => sum + 250 + 3 * reason.length, 0);
  return 15_000 + lines + steps;
}

/** An address without the fields that are unset. */
export function compact(address: Address): Address {
  return Object.fromEntries(Object.entries(address).filter(([, value]) => value !== undefined)) as unknown as Address;
}

/** The outcome that is kept of a request that placed an order. */
export function placedOutcome(order: Order): Outcome {
  return { answer: PlaceOrderResponse.encode({ order: toMessage(order), replayed: false }).finish() };
}

/** The kept answer again; throws the kept refusal. */
export function replayPlaced(outcome: Outcome): PlaceOrderResponse {
  if ("error" in outcome) throw outcome.error;
  return { ...PlaceOrderResponse.decode(outcome.answer), replayed: true };
}

/** The outcome that is kept of a payment: a decline is a refusal. */
export function paidOutcome(payment: Payment): Outcome {
  if (payment.status === "declined") return { error: declined(payment) };
  return { answer: PayOrderResponse.encode({ payment, replayed: false }).finish() };
}

/** The kept answer again; throws the kept refusal. */
export function replayPaid(outcome: Outcome): PayOrderResponse {
  if ("error" in outcome) throw outcome.error;
  return { ...PayOrderResponse.decode(outcome.answer), replayed: true };
}

/** The refusal of a provider. The order stays payable. */
export function declined(payment: Payment, replayed = false): NanoError {
  const failure_code = payment.failure_code ?? "declined";
  return new NanoError("declined", "payment_declined", "The payment was declined.", {
    members: { failure_code },
    ...(replayed ? { replayed } : {}),
  });
}

/** A payment whose outcome nobody has told us yet. */
export function unknownPayment(order: Order, attempt: Attempt): Payment {
  const amount = (minor: number) => money(minor, order.currency);
  return {
    id: attempt.payment_id,
    order_id: order.id,
    store_id: order.store_id,
    method: attempt.method,
    status: isOpen(attempt) ? "unknown" : attempt.state,
    amount: amount(attempt.amount),
    captured_amount: amount(attempt.captured_amount),
    refunded_amount: amount(attempt.refunded_amount),
    create_time: attempt.create_time,
  };
}
