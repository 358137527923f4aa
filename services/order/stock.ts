import { failpoint } from "../shared/failpoints.ts";
import type { Deps } from "./deps.ts";
import type { StockReturn } from "./order.ts";

/** Takes the goods of a paid order off the shelf. Idempotent; undone by returnStock. */
export async function commitStock({ neighbours }: Deps, order_id: string): Promise<void> {
  await failpoint("order.before_commit");
  await neighbours.product.commitStock(order_id);
  await failpoint("order.after_commit");
}

/** Puts goods back on the shelf, once per key. They are taken off it first, should that still be due. */
export async function returnStock(deps: Deps, order_id: string, { key, reason, lines }: StockReturn): Promise<void> {
  await commitStock(deps, order_id);
  await failpoint("order.before_return");
  await deps.neighbours.product.returnStock({
    order_id,
    key,
    reason,
    lines: lines.map(({ variant_id, quantity }) => ({ variant_id, quantity })),
  });
}

/** Frees the goods that an order held and that nobody paid. Idempotent. */
export async function releaseStock({ neighbours }: Deps, order_id: string): Promise<void> {
  await failpoint("order.before_release");
  await neighbours.product.releaseStock(order_id);
  await failpoint("order.after_release");
}

/** Does at once what a job with that key would do later; if it fails, the job does it. */
export async function atOnce(deps: Deps, key: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    await deps.orders.removeJob(key);
  } catch (error) {
    deps.log.warn({ err: error, job: key }, "what follows an order's change is left to its job");
  }
}
