import { conflict, notFound } from "../shared/errors.ts";
import { emitEvent } from "../shared/jobs.ts";
import { type Pool, transaction, type Tx } from "../shared/postgres.ts";
import type { Repository } from "./repository.ts";
import { lowStock } from "./reserve_stock.ts";
import { fellLow } from "./stock.ts";
import type { Stock } from "./stock_repository.ts";

/** A variant's stock that is to move. */
export interface StockMove {
  variant_id: string;
  store_id: string;
  delta: number;
  reason: string;
}

/** Moves a variant's stock by a signed quantity. What orders hold cannot be taken: `below_reserved`. */
export async function adjustStock(
  { pool, repository }: { pool: Pool; repository: Repository },
  move: StockMove,
): Promise<Stock> {
  const moved = await transaction(pool, (tx) => moveStock(tx, repository, move));
  if (moved) return moved;
  const now = await repository.stock.stockOf(move.variant_id);
  if (!now) throw notFound("variant");
  const { on_hand, reserved, available } = now;
  throw conflict("below_reserved", "Some of this stock is reserved by orders.", { on_hand, reserved, available });
}

/** The same as a part of a transaction; undefined where orders hold what would go. */
export async function moveStock(
  tx: Tx,
  repository: Repository,
  { variant_id, store_id, delta, reason }: StockMove,
): Promise<Stock | undefined> {
  const stock = await repository.stock.adjust(tx, variant_id, delta, reason);
  if (stock && fellLow(stock.available - delta, stock.available)) {
    await emitEvent(tx, "product", "stock.low", store_id, lowStock(stock, stock.available));
  }
  return stock;
}
