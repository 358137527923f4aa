import { type Actor, requireStepUpOver } from "../shared/auth.ts";
import { failpoint } from "../shared/failpoints.ts";
import { money } from "../shared/money.ts";
import { moverOf, nameOf, visible } from "./access.ts";
import type { Deps } from "./deps.ts";
import { performAll } from "./follow_ups.ts";
import { expire, followUp, followUpsOf, moneyHeld, type Order, setStatus } from "./order.ts";

/** What staff or a buyer want of an order. */
export interface StatusChange {
  order_id: string;
  actor: Actor;
  status: string;
  reason: string;
  /** Whether a cancelled order's goods return to the shelf. */
  restock: boolean;
}

/**
 * Moves an order. Cancelling is a saga: the order is cancelled together with the jobs that send money and goods back;
 * then both are done at once, before the answer.
 */
export async function changeStatus(deps: Deps, request: StatusChange): Promise<Order> {
  const { order_id, actor, status, reason, restock } = request;
  const { order, follow_ups } = await deps.orders.transaction(async (tx) => {
    const found = visible(actor, await deps.orders.lock(tx, order_id));
    const by = moverOf(actor, found);
    const change = setStatus(found, status, by, reason, restock);
    // It refunds, so it asks of staff what a refund does.
    if (by === "staff" && status === "cancelled") requireStepUpOver(actor, money(moneyHeld(found), found.currency));
    const order = await deps.orders.apply(tx, found, change, nameOf(actor, by, found));
    return { order, follow_ups: followUpsOf(order_id, change) };
  });
  if (follow_ups.length === 0) return order;
  await failpoint("order.after_cancel");
  await performAll(deps, follow_ups);
  return await deps.orders.find(order_id) ?? order;
}

/** Ends an order that was not paid in time, by the database's clock; never while a payment is without an answer. */
export async function expireOrder(deps: Deps, order_id: string): Promise<void> {
  const follow_ups = await deps.orders.transaction(async (tx) => {
    const order = await deps.orders.lock(tx, order_id);
    const change = order && expire(order);
    if (order?.status === "pending_payment" && !order.overdue && order.expire_time) {
      // Too early, as where a database took over whose clock is behind: without another job it would never expire.
      await deps.orders.addFollowUp(tx, followUp("expire_order", order_id, { run_at: order.expire_time }));
    }
    if (!change) return [];
    await deps.orders.apply(tx, order, change, "system");
    return followUpsOf(order_id, change);
  });
  await failpoint("order.after_expire");
  await performAll(deps, follow_ups);
}
