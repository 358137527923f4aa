import type { OrderServiceServer } from "../../proto/gen/nano/order/v1/order.ts";
import type { Rpcs } from "../shared/grpc.ts";
import type { Log } from "../shared/log.ts";
import type { Pool } from "../shared/postgres.ts";
import type { Repository } from "./repository.ts";
import { commitStock, releaseStock } from "./settle_stock.ts";

/** What the check of overdue holds works with. */
export interface HoldDeps {
  pool: Pool;
  repository: Repository;
  order: Pick<Rpcs<OrderServiceServer>, "getHold">;
  log: Log;
}

/**
 * The backstop of reservations: a hold that its order should have ended an hour ago is ended as the order says. Only
 * order knows: one that may still be paid keeps its goods.
 */
export async function checkHolds(deps: HoldDeps): Promise<void> {
  for (const order_id of await deps.repository.stock.overdueHolds()) {
    const { fate } = await deps.order.getHold({ order_id });
    if (fate !== "release" && fate !== "commit") continue;
    deps.log.warn({ order_id, fate }, "a hold outlived its order and is ended");
    await (fate === "release" ? releaseStock : commitStock)(deps, order_id);
  }
}
