import { conflict, invalid, NanoError } from "../shared/errors.ts";
import { exponentOf, type Money, mulDiv, sameCurrency } from "../shared/money.ts";
import { SUPPORT_REFUND_LIMIT } from "../shared/permissions.ts";
import { inCurrency, type PayableLine, type Payment, refundable } from "./payment.ts";

/** Some units of an order line. */
export interface RefundItem {
  id: string;
  quantity: number;
}

/** Some units of an order line with what they are of its total, in minor units. */
export interface RefundLine extends RefundItem {
  amount: number;
}

/** What of a line went back, or is on its way: units, their part of its total, and how many of them have none written down. */
export interface Returned {
  quantity: number;
  amount: number;
  unpriced: number;
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
  items: RefundLine[];
}

/**
 * Works out a refund. By line, each unit's share of the line's total is rounded so that all units together give
 * exactly the total. The rest names the units that are left, so that they can return to the shelf. Throws `over_refund`
 * with what is refundable.
 */
export function planRefund(payment: Payment, wish: RefundWish, refunded: ReadonlyMap<string, Returned>): RefundPlan {
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

/**
 * What further units of a line come to: its total for all that are back then, but for what they have got already. So a
 * refund that fails leaves its cents to the others, and the last unit gets the rest. Units of which no amount is written
 * down, as releases before did not, count as the first.
 */
export function lineShare(line: PayableLine, returned: Returned, quantity: number): number {
  const given = returned.amount + mulDiv(line.total, returned.unpriced, line.quantity);
  return Math.max(0, mulDiv(line.total, returned.quantity + quantity, line.quantity) - given);
}

/** In how many seconds a refund that has failed so often is tried again: a minute, then four times as long each time, up to a day. */
export function pauseAfter(failures: number): number {
  return Math.min(60 * 4 ** (failures - 1), 24 * 60 * 60);
}

const NOTHING: Returned = { quantity: 0, amount: 0, unpriced: 0 };

function byAmount(
  payment: Payment,
  wanted: Money | undefined,
  left: number,
  refunded: ReadonlyMap<string, Returned>,
): RefundPlan {
  if (wanted) {
    sameCurrency(payment.currency, wanted.currency, "/amount/currency");
    if (wanted.amount <= 0) throw invalid("invalid_field", "The amount must be positive.", "/amount/amount");
  }
  const whole = wanted === undefined || wanted.amount === payment.captured_amount;
  const items = payment.lines
    .map((line) => {
      const returned = refunded.get(line.id) ?? NOTHING;
      const quantity = line.quantity - returned.quantity;
      return { id: line.id, quantity, amount: lineShare(line, returned, quantity) };
    })
    .filter(({ quantity }) => quantity > 0);
  return { amount: wanted?.amount ?? left, items: whole ? items : [] };
}

function byLine(payment: Payment, items: RefundItem[], refunded: ReadonlyMap<string, Returned>): RefundPlan {
  const lines: RefundLine[] = [];
  const seen = new Set<string>();
  for (const [index, { id, quantity }] of items.entries()) {
    const line = payment.lines.find((line) => line.id === id);
    if (!line) throw invalid("unknown_item", "The order has no such line.", `/items/${index}/id`);
    if (seen.has(id)) throw invalid("duplicate_item", "A line must appear only once.", `/items/${index}/id`);
    if (quantity < 1) throw invalid("invalid_field", "The quantity must be at least 1.", `/items/${index}/quantity`);
    seen.add(id);
    const returned = refunded.get(id) ?? NOTHING;
    if (returned.quantity + quantity > line.quantity) throw overRefund(payment);
    lines.push({ id, quantity, amount: lineShare(line, returned, quantity) });
  }
  return { amount: lines.reduce((sum, line) => sum + line.amount, 0), items: lines };
}
