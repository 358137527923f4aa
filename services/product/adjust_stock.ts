import { conflict, notFound } from "../shared/errors.ts";
import { emitEvents } from "../shared/jobs.ts";
import { transaction, type Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import type { Repository } from "./repository.ts";
import { lowStock } from "./reserve_stock.ts";
import { fellLow } from "./stock.ts";
import type { Moved, Stock } from "./stock_repository.ts";

/** A variant's stock that is to move. */
export interface StockMove {
  variant_id: string;
  store_id: string;
  delta: number;
  reason: string;
}

/** Moves a variant's stock by a signed quantity. What orders hold cannot be taken: `below_reserved`. */
export async function adjustStock(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  { store_id, reason, ...move }: StockMove,
): Promise<Stock> {
  const [moved] = await transaction(pool, (tx) => moveStock(tx, repository, store_id, [move], reason));
  if (moved) return moved;
  const now = await repository.stock.stockOf(move.variant_id);
  if (!now) throw notFound("variant");
  const { on_hand, reserved, available } = now;
  throw conflict("below_reserved", "Some of this stock is reserved by orders.", { on_hand, reserved, available });
}

/** The same with several of a store, as a part of a transaction; leaves out those of which orders hold what would go. */
export async function moveStock(
  tx: Tx,
  repository: Repository,
  store_id: string,
  moves: readonly Pick<StockMove, "variant_id" | "delta">[],
  reason: string,
): Promise<Moved[]> {
  const moved = await repository.stock.adjust(tx, moves, reason);
  const fell = moved.filter(({ available, delta }) => fellLow(available - delta, available));
  await emitEvents(tx, "product", "stock.low", store_id, fell.map((stock) => lowStock(stock, stock.available)));
  return moved;
}
