import { conflict } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { isId } from "../shared/ids.ts";
import { emitEvent } from "../shared/jobs.ts";
import { single, transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { fellLow, type Shelf, shortage, type StockLine, sumDemand } from "./stock.ts";

/** What an order asks to have held for it. */
export interface Hold {
  order_id: string;
  store_id: string;
  lines: StockLine[];
  /** When the order's own hold ends. */
  expire_time: Date;
}

/** Product's own end of a hold comes an hour later: only a backstop, as the order is who lets go. */
const BACKSTOP_MS = 60 * 60_000;

/**
 * Holds stock for an order, all lines or none. A second call for the order finds its hold and does nothing. Once the
 * order's hold was released, even before it was made, there can be none: `hold_closed`.
 */
export async function reserveStock(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  hold: Hold,
): Promise<void> {
  await failpoint("product.reserve_stock");
  const { order_id, store_id, expire_time } = hold;
  const demand = sumDemand(hold.lines);
  const backstop = new Date(expire_time.getTime() + BACKSTOP_MS);
  const { stock } = repository;
  const known = demand.every((line) => isId(line.variant_id));
  if (known && await single(pool, (sql) => stock.reserveOfPlenty(sql, store_id, order_id, demand, backstop))) return;

  await transaction(pool, async (tx) => {
    const [{ fresh, closed }, shelves] = await Promise.all([
      stock.openHold(tx, order_id),
      stock.lockShelves(tx, store_id, demand.map((line) => line.variant_id).filter(isId)),
    ]);
    if (closed) throw conflict("hold_closed", "The order let go of its stock and cannot hold any.");
    if (!fresh) return;

    const missing = shortage(demand, shelves);
    if (missing) throw missing;
    const left = await stock.reserve(tx, order_id, demand, backstop);
    // Locked and counted above, so this cannot be; the statement decides all the same.
    const refused = shortage(demand, shelves.filter((shelf) => left.has(shelf.variant_id)));
    if (refused) throw refused;

    for (const shelf of shelves) {
      const available = left.get(shelf.variant_id) ?? 0;
      if (fellLow(shelf.available, available)) {
        await emitEvent(tx, "product", "stock.low", store_id, lowStock(shelf, available));
      }
    }
  });
}

/** What merchants are told of a variant that is running out. */
export function lowStock({ product_id, variant_id, sku }: Omit<Shelf, "available">, available: number) {
  return { product_id, variant_id, sku, available };
}
