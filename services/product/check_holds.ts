import type { Neighbours } from "./clients.ts";
import type { Deps } from "./deps.ts";
import { commitStock, releaseStock } from "./settle_stock.ts";

/**
 * The backstop of reservations: a hold that its order should have ended an hour ago is ended as the order says. Only
 * order knows: one that may still be paid keeps its goods.
 */
export async function checkHolds(
  deps: Omit<Deps, "neighbours"> & { neighbours: Pick<Neighbours, "order"> },
): Promise<void> {
  for (const order_id of await deps.repository.stock.overdueHolds()) {
    const { fate } = await deps.neighbours.order.getHold({ order_id });
    if (fate !== "release" && fate !== "commit") continue;
    deps.log.warn({ order_id, fate }, "a hold outlived its order and is ended");
    await (fate === "release" ? releaseStock : commitStock)(deps, order_id);
  }
}
