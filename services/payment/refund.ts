import { stepUpRequired } from "../shared/auth.ts";
import { conflict, invalid, NanoError } from "../shared/errors.ts";
import { exponentOf, type Money, mulDiv, sameCurrency } from "../shared/money.ts";
import { SUPPORT_REFUND_LIMIT } from "../shared/permissions.ts";
import { inCurrency, type PayableLine, type Payment, refundable } from "./payment.ts";

/** Some units of an order line. */
export interface RefundItem {
  id: string;
  quantity: number;
}

export type RefundStatus = "pending" | "succeeded" | "failed";

/** Money that goes back to the buyer. The id is also the provider's key. */
export interface Refund {
  id: string;
  payment_id: string;
  order_id: string;
  status: RefundStatus;
  amount: number;
  currency: string;
  reason: string;
  restock: boolean;
  failure_code: string | null;
  items: RefundItem[];
  create_time: Date;
}

/** What someone wants back: an amount, some lines, or, with neither, the rest. */
export interface RefundWish {
  amount?: Money | undefined;
  items: RefundItem[];
}

/** What a refund comes to. */
export interface RefundPlan {
  amount: number;
  items: RefundItem[];
}

/**
 * Works out a refund. By line, each unit's share of the line's total is rounded so that all units together give
 * exactly the total. The rest names the units that are left, so that they can return to the shelf. Throws `over_refund`
 * with what is refundable.
 */
export function planRefund(payment: Payment, wish: RefundWish, refunded: ReadonlyMap<string, number>): RefundPlan {
  if (wish.amount && wish.items.length > 0) {
    throw invalid("amount_or_items", "Give an amount or items, not both.", "/items");
  }
  const left = refundable(payment);
  const plan = wish.items.length > 0
    ? byLine(payment, wish.items, refunded)
    : byAmount(payment, wish.amount, left, refunded);
  if (plan.amount <= 0 || plan.amount > left) throw overRefund(payment);
  return plan;
}

/** More was asked for than is left: 409 with what is left. */
export function overRefund(payment: Payment): NanoError {
  return conflict("over_refund", "That is more than what is left to refund.", {
    refundable: inCurrency(payment, refundable(payment)),
  });
}

/** Refuses a refund over what support staff may give back in one go. Throws `refund_limit` (403). */
export function checkSupportLimit(amount: number, currency: string): void {
  if (amount <= SUPPORT_REFUND_LIMIT * 10 ** exponentOf(currency)) return;
  throw new NanoError(
    "forbidden",
    "refund_limit",
    `Support may refund at most ${SUPPORT_REFUND_LIMIT} ${currency} at a time.`,
  );
}

/** Refuses a refund over so many major units to who must confirm to be there first. Throws `step_up_required` (403). */
export function checkStepUp(amount: number, currency: string, over: number): void {
  if (amount > over * 10 ** exponentOf(currency)) throw stepUpRequired();
}

/** What units of a line come to, when so many of it went back before. */
export function lineShare(line: PayableLine, before: number, quantity: number): number {
  return mulDiv(line.total, before + quantity, line.quantity) - mulDiv(line.total, before, line.quantity);
}

/** In how many seconds a refund that has failed so often is tried again: a minute, then four times as long each time, up to a day. */
export function pauseAfter(failures: number): number {
  return Math.min(60 * 4 ** (failures - 1), 24 * 60 * 60);
}

function byAmount(
  payment: Payment,
  wanted: Money | undefined,
  left: number,
  refunded: ReadonlyMap<string, number>,
): RefundPlan {
  if (wanted) {
    sameCurrency(payment.currency, wanted.currency, "/amount/currency");
    if (wanted.amount <= 0) throw invalid("invalid_field", "The amount must be positive.", "/amount/amount");
  }
  const whole = wanted === undefined || wanted.amount === payment.captured_amount;
  const items = payment.lines
    .map(({ id, quantity }) => ({ id, quantity: quantity - (refunded.get(id) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
  return { amount: wanted?.amount ?? left, items: whole ? items : [] };
}

function byLine(payment: Payment, items: RefundItem[], refunded: ReadonlyMap<string, number>): RefundPlan {
  let amount = 0;
  const seen = new Set<string>();
  for (const [index, { id, quantity }] of items.entries()) {
    const line = payment.lines.find((line) => line.id === id);
    if (!line) throw invalid("unknown_item", "The order has no such line.", `/items/${index}/id`);
    if (seen.has(id)) throw invalid("duplicate_item", "A line must appear only once.", `/items/${index}/id`);
    if (quantity < 1) throw invalid("invalid_field", "The quantity must be at least 1.", `/items/${index}/quantity`);
    seen.add(id);
    const before = refunded.get(id) ?? 0;
    if (before + quantity > line.quantity) throw overRefund(payment);
    amount += lineShare(line, before, quantity);
  }
  return { amount, items };
}
