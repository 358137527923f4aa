import type { OrderServiceServer } from "../../proto/gen/nano/order/v1/order.ts";
import { NanoError } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import type { Log } from "../shared/log.ts";
import type { Pool } from "../shared/postgres.ts";
import type { Repository } from "./repository.ts";
import { commitStock, releaseStock } from "./settle_stock.ts";

/** What the check of overdue holds works with. */
export interface HoldDeps {
  pool: Pool;
  repository: Repository;
  order: Pick<Rpcs<OrderServiceServer>, "getOrder">;
  log: Log;
}

const ENDED = new Set(["cancelled", "expired"]);
const OPEN = new Set(["placing", "pending_payment"]);

/**
 * The backstop of reservations: a hold that its order should have ended an hour ago is ended as the order's state says.
 * Only order expires a hold, so one of an order that is still open stays.
 */
export async function checkHolds(deps: HoldDeps): Promise<void> {
  for (const order_id of await deps.repository.stock.overdueHolds()) {
    const status = await statusOf(deps.order, order_id);
    if (OPEN.has(status)) continue;
    deps.log.warn({ order_id, status }, "a hold outlived its order and is ended");
    await (ENDED.has(status) ? releaseStock : commitStock)(deps, order_id);
  }
}

/** The order's status; one that is not there any more was refused, and that is as good as cancelled. */
async function statusOf(order: HoldDeps["order"], id: string): Promise<string> {
  try {
    return (await order.getOrder({ id })).status;
  } catch (error) {
    if (error instanceof NanoError && error.kind === "not_found") return "cancelled";
    throw error;
  }
}
