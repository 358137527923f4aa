import { conflict, type NanoError } from "../shared/errors.ts";
import { type Money, money } from "../shared/money.ts";
import type { ChargeRef, ChargeState } from "./providers/provider.ts";

export type PaymentStatus =
  | "pending"
  | "unknown"
  | "authorized"
  | "captured"
  | "partially_refunded"
  | "refunded"
  | "declined"
  | "voided";

/** A line of the order as the payment remembers it. */
export interface PayableLine {
  id: string;
  variant_id: string;
  quantity: number;
  /** What the buyer pays for the line, tax and all, in minor units. */
  total: number;
}

/** A payment: one attempt at paying an order. Amounts are minor units of its currency. */
export interface Payment {
  id: string;
  order_id: string;
  store_id: string;
  attempt: number;
  method: string;
  status: PaymentStatus;
  currency: string;
  amount: number;
  captured_amount: number;
  refunded_amount: number;
  /** What refunds under way have set aside. */
  refunding_amount: number;
  failure_code: string | null;
  provider_key: string;
  /** The provider's own name of the charge. */
  provider_reference: string | null;
  /** Whether the money is taken at once or by a later capture. */
  capture: "automatic" | "manual";
  token: string | null;
  lines: PayableLine[];
  user_id: string | null;
  guest_hash: string | null;
  cancel_requested: boolean;
  cancel_reason: string | null;
  create_time: Date;
}

/** Which moves there are. A payment whose outcome nobody knows stays open until the provider tells. */
const MOVES: Record<PaymentStatus, readonly PaymentStatus[]> = {
  pending: ["unknown", "authorized", "captured", "declined", "voided"],
  unknown: ["authorized", "captured", "declined", "voided"],
  authorized: ["captured", "voided"],
  captured: ["partially_refunded", "refunded"],
  partially_refunded: ["partially_refunded", "refunded"],
  refunded: [],
  declined: [],
  voided: [],
};

export const STATUSES = Object.keys(MOVES) as PaymentStatus[];

/** The statuses from which a payment may move to this one. */
export function sourcesOf(status: PaymentStatus): PaymentStatus[] {
  return STATUSES.filter((from) => MOVES[from].includes(status));
}

/** Whether the provider has yet to tell what became of it. */
export function isOpen(payment: Payment): boolean {
  return payment.status === "pending" || payment.status === "unknown";
}

/** What can still be given back, in minor units. */
export function refundable(payment: Payment): number {
  return payment.captured_amount - payment.refunded_amount - payment.refunding_amount;
}

/** Whether money is reserved or taken that a cancelled order has to let go of. */
export function holds(payment: Payment): boolean {
  return payment.status === "authorized" || refundable(payment) > 0;
}

/** The key by which the provider knows a charge. */
export function providerKey(order_id: string, attempt: number): string {
  return `${order_id}:authorize:${attempt}`;
}

/** The charge of a payment, as its provider is asked about it. */
export function chargeOf(payment: Payment): ChargeRef {
  const { provider_key, provider_reference } = payment;
  return { key: provider_key, reference: provider_reference, amount: inCurrency(payment, payment.amount) };
}

/** What a payment becomes by what its provider tells; undefined if that tells nothing final. */
export function settlement(
  charge: ChargeState,
): { status: PaymentStatus; captured_amount: number; failure_code: string | null } | undefined {
  switch (charge.state) {
    case "authorized":
    case "voided":
      return { status: charge.state, captured_amount: 0, failure_code: null };
    case "captured":
      return { status: "captured", captured_amount: charge.captured, failure_code: null };
    case "declined":
      return { status: "declined", captured_amount: 0, failure_code: charge.failure_code };
    default:
      return undefined;
  }
}

/** Why an order that has this payment can't be paid by another one. */
export function blockedBy(payment: Payment): NanoError {
  return isOpen(payment)
    ? conflict("payment_in_progress", "A payment of this order is under way.", { payment_id: payment.id })
    : conflict("already_paid", "The order is already paid.", { payment_id: payment.id });
}

/** A payment's amount in its currency. */
export function inCurrency(payment: { currency: string }, amount: number): Money {
  return money(amount, payment.currency);
}
