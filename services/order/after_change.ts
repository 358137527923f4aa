import type { Change, Order, Seen, Step } from "./order.ts";

/**
 * The database's time now, as far as can be told without asking: what it said, and what passed since. So what one order
 * tells of times does not depend on whose clock it was written by, and never runs backwards.
 */
export function databaseTime({ time, at }: Seen): Date {
  return new Date(time.getTime() + Math.max(0, Math.floor(performance.now() - at)));
}

/** What a change adds to an order's history. The first step of all comes from nowhere. */
export function stepsOf({ status, seen }: Order, { moves }: Change, actor: string): Step[] {
  const time = databaseTime(seen);
  const before = status === "placing" ? "" : status;
  return moves.map(({ to, reason }, index) => ({ from: moves[index - 1]?.to ?? before, to, actor, reason, time }));
}

/** The order that a change makes of one, with the steps it adds. One that opens gets its number. */
export function afterChange(order: Order, change: Change, steps: Step[], number = order.number): Order {
  const back = new Map(change.returns?.lines.map(({ id, quantity }) => [id, quantity]));
  return {
    ...order,
    number,
    status: change.moves.at(-1)?.to ?? order.status,
    payment_status: change.payment_status ?? order.payment_status,
    keep_out: change.keep_out ?? order.keep_out,
    items: order.items.map((item) => ({ ...item, restocked: item.restocked + (back.get(item.id) ?? 0) })),
    history: [...order.history, ...steps],
    version: order.version + (order.status === "placing" ? 0 : 1),
  };
}
