import type { Payment, Refund } from "../../proto/gen/nano/payment/v1/payment.ts";
import { type NanoError, notFound } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import type { Tx } from "../shared/postgres.ts";
import { advance, followPayment } from "./attempt.ts";
import { resolving } from "./attempt_repository.ts";
import type { Deps } from "./deps.ts";
import { paidOutcome } from "./messages.ts";
import {
  type Attempt,
  type Change,
  followUp,
  isOpen,
  isUnanswered,
  NO_CHANGE,
  type Order,
  type StockReturn,
} from "./order.ts";
import type { Along } from "./repository.ts";
import { atOnce, commitStock } from "./stock.ts";

/**
 * Has an order follow the news of one of its payments: from the request that paid, from the payment service, from a
 * look-up. The news may come twice and in any order. An order that is paid now takes its goods off the shelf at once.
 * Whoever knows the `order` says so: unless it has moved on since, it is not locked and read again.
 */
export async function recordPayment(
  deps: Deps,
  payment: Payment,
  { refund, order }: { refund?: Refund | undefined; order?: Order } = {},
): Promise<Order> {
  const { before, after } = (order && await recordUnlocked(deps, order, payment)) ??
    await deps.orders.transaction(async (tx) => {
      const before = await lockWith(deps, tx, payment.order_id);
      const news = newsOf(before, payment);
      let after = news ? await deps.orders.apply(tx, ...news) : before;
      if (!news && !isUnanswered(payment.status)) {
        await deps.orders.finishKey(tx, payment.id, paidOutcome(payment));
        await deps.orders.removeJob(resolving(before.id, payment.id).key, tx);
      }
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

/** Has an order that was read before follow a payment; undefined where it has moved on since. */
async function recordUnlocked(deps: Deps, before: Order, payment: Payment) {
  const news = newsOf(before, payment);
  const after = news ? await deps.orders.applyUnlessMoved(...news) : before;
  return after && { before, after };
}

/** The change that news of a payment makes; with a final one go the outcome of the request that paid and its jobs. */
function newsOf(order: Order, payment: Payment): Settlement | undefined {
  const attempt = attemptOf(order, payment.id);
  const now = advance(attempt, payment);
  if (!now) return undefined;
  const [settled, change, by, along] = settlement(order, attempt, now);
  if (isUnanswered(payment.status)) return [settled, change, by, along];
  const key = { resource_id: payment.id, outcome: () => paidOutcome(payment) };
  // Paid for good, the order no longer ends by itself.
  const expires = change.moves.at(-1)?.to === "paid" ? [followUp("expire_order", order.id).key] : [];
  return [settled, change, by, { ...along, key, done: [resolving(order.id, payment.id).key, ...expires] }];
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
    await deps.orders.apply(tx, ...settlement(order, attempt, { ...attempt, state }));
    if (refusal?.kind === "conflict" && refusal.code !== "payment_in_progress") {
      await deps.orders.finishKey(tx, payment_id, { error: refusal });
    } else {
      await deps.orders.dropKey(tx, payment_id);
    }
  });
}

/** What is to be applied of an attempt that is so `now`: the order with it, what it changes, and itself. */
type Settlement = [order: Order, change: Change, by: string, along: Along];

function settlement(order: Order, before: Attempt, now: Attempt): Settlement {
  const payments = order.payments.map((attempt) => attempt.payment_id === now.payment_id ? now : attempt);
  const settled = { ...order, payments };
  return [settled, followPayment(settled, before, now), "system", { attempt: now }];
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
