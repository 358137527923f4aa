import { actorName, currentActor } from "../shared/auth.ts";
import { conflict, type NanoError } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { single, transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { type StockLine, sumDemand } from "./stock.ts";

/** Takes what an order holds off the shelf, once. Throws `stock_not_held` if the order holds nothing and has taken nothing. */
export async function commitStock(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  order_id: string,
): Promise<void> {
  await failpoint("product.commit_stock");
  if (await single(pool, (sql) => repository.stock.settle(sql, order_id, "commit", actorName(currentActor())))) return;
  const lines = await repository.stock.reservations(pool, order_id);
  if (!lines.some((line) => line.state === "committed")) {
    throw conflict("stock_not_held", "The order holds no stock.");
  }
}

/** Lets go of what an order holds, once; from then on the order cannot hold any. What it has taken stays taken. */
export async function releaseStock(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  order_id: string,
): Promise<void> {
  await failpoint("product.release_stock");
  await transaction(pool, async (tx) => {
    await repository.stock.closeHold(tx, order_id);
    await repository.stock.settle(tx, order_id, "release", actorName(currentActor()));
  });
}

/** Goods of an order that go back to the shelf. */
export interface StockReturn {
  order_id: string;
  lines: StockLine[];
  /** Names this return, so that it happens once. */
  key: string;
  reason: string;
}

/** Puts stock that an order took back on the shelf, once per key and never more than it took: `over_return`. */
export async function returnStock(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  { order_id, lines, key, reason }: StockReturn,
): Promise<void> {
  const back = sumDemand(lines);
  await transaction(pool, async (tx) => {
    await repository.stock.lockHeld(tx, order_id);
    const taken = await repository.stock.reservations(tx, order_id);
    const { seen, quantities } = await repository.stock.returned(tx, order_id, key);
    if (seen) return;
    for (const { variant_id, quantity } of back) {
      const line = taken.find((line) => line.variant_id === variant_id && line.state === "committed");
      if (!line || (quantities.get(variant_id) ?? 0) + quantity > line.quantity) throw overReturn();
    }
    await repository.stock.putBack(tx, order_id, back, key, reason);
  });
}

function overReturn(): NanoError {
  return conflict("over_return", "More would come back than the order took.");
}
