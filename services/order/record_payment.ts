import type { Payment, Refund } from "../../proto/gen/nano/payment/v1/payment.ts";
import { type NanoError, notFound } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import type { Tx } from "../shared/postgres.ts";
import { advance, followPayment } from "./attempt.ts";
import type { Deps } from "./deps.ts";
import { paidOutcome } from "./messages.ts";
import { type Attempt, isOpen, NO_CHANGE, type Order, type StockReturn } from "./order.ts";
import { atOnce, commitStock } from "./stock.ts";

/**
 * Has an order follow the news of one of its payments: from the request that paid, from the payment service, from a
 * look-up. The news may come twice and in any order. An order that is paid now takes its goods off the shelf at once.
 */
export async function recordPayment(deps: Deps, payment: Payment, refund?: Refund): Promise<Order> {
  const { before, after } = await deps.orders.transaction(async (tx) => {
    const before = await lockWith(deps, tx, payment.order_id);
    const attempt = attemptOf(before, payment.id);
    const now = advance(attempt, payment);
    const known = async (order: Order) => {
      if (isOpen({ state: payment.status })) return;
      await Promise.all([
        deps.orders.finishKey(tx, payment.id, paidOutcome(payment)),
        deps.orders.resolved(tx, payment.id),
        isPaidBy(before, order) ? deps.orders.neverExpires(tx, order.id) : undefined,
      ]);
    };
    let after = before;
    if (now) after = await settle(deps, tx, before, attempt, now, { also: known, last: !refund });
    else await known(before);
    const returns = refund && await goodsOf(deps, tx, after, refund);
    if (returns) after = await deps.orders.apply(tx, after, { ...NO_CHANGE, returns }, "system");
    return { before, after };
  });
  await failpoint("order.after_record");
  if (isPaidBy(before, after)) {
    await atOnce(deps, `commit_stock:${after.id}`, () => commitStock(deps, after.id));
  }
  return after;
}

function isPaidBy(before: Order, after: Order): boolean {
  return before.status === "pending_payment" && after.status === "paid";
}

/**
 * Ends an attempt that never became a payment. A business refusal stays under the request's key; otherwise the key is
 * free, so that the same request may be sent again.
 */
export async function closeAttempt(
  deps: Deps,
  order_id: string,
  payment_id: string,
  state: "refused" | "abandoned",
  refusal?: NanoError,
): Promise<void> {
  await deps.orders.transaction(async (tx) => {
    const order = await lockWith(deps, tx, order_id);
    const attempt = attemptOf(order, payment_id);
    if (!isOpen(attempt)) return;
    await settle(deps, tx, order, attempt, { ...attempt, state });
    if (refusal?.kind === "conflict" && refusal.code !== "payment_in_progress") {
      await deps.orders.finishKey(tx, payment_id, { error: refusal });
    } else {
      await deps.orders.dropKey(tx, payment_id);
    }
  });
}

/** Writes an attempt as it is now, what the order makes of it, and what `also` adds; commits where it is the `last`. */
async function settle(
  deps: Deps,
  tx: Tx,
  order: Order,
  before: Attempt,
  now: Attempt,
  then: { also?: (after: Order) => Promise<unknown>; last?: boolean } = {},
): Promise<Order> {
  const payments = order.payments.map((attempt) => attempt.payment_id === now.payment_id ? now : attempt);
  const change = followPayment({ ...order, payments }, before, now);
  const [, after] = await Promise.all([
    deps.orders.updateAttempt(tx, now),
    deps.orders.apply(tx, order, change, "system", then),
  ]);
  return after;
}

/** What a refund puts back on the shelf, if anything, and if it did not before. */
async function goodsOf(deps: Deps, tx: Tx, order: Order, refund: Refund): Promise<StockReturn | undefined> {
  if (!refund.restock || refund.status !== "succeeded") return undefined;
  const whole = refund.items.length === 0 && order.payment_status === "refunded";
  const wanted = whole ? order.items.map(({ id, quantity }) => ({ id, quantity })) : refund.items;
  const lines = wanted.flatMap(({ id, quantity }) => {
    const item = order.items.find((item) => item.id === id);
    if (!item) return [];
    const back = Math.min(quantity, item.quantity - item.restocked);
    return back > 0 ? [{ id, variant_id: item.variant_id, quantity: back }] : [];
  });
  if (lines.length === 0 || !await deps.orders.isNewRefund(tx, order.id, refund.id)) return undefined;
  return { key: refund.id, reason: "refunded", lines };
}

async function lockWith(deps: Deps, tx: Tx, order_id: string): Promise<Order> {
  const order = await deps.orders.lock(tx, order_id);
  if (!order) throw notFound("order");
  return order;
}

function attemptOf(order: Order, payment_id: string): Attempt {
  const attempt = order.payments.find((found) => found.payment_id === payment_id);
  if (!attempt) throw notFound("payment");
  return attempt;
}
