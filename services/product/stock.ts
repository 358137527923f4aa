import { conflict, invalid, type NanoError } from "../shared/errors.ts";

/** At this many or fewer, merchants are told. */
export const LOW_STOCK = 5;

/** How much of one variant. */
export interface StockLine {
  variant_id: string;
  quantity: number;
}

/** A variant as a reservation finds it. */
export interface Shelf {
  variant_id: string;
  product_id: string;
  sku: string;
  /** How many can be bought; 0 where it is not on sale. */
  available: number;
}

/** Sums demand per variant, in the order of their ids: all who lock variants lock them in this order. */
export function sumDemand(lines: readonly StockLine[]): StockLine[] {
  const demand = new Map<string, number>();
  for (const { variant_id, quantity } of lines) {
    if (!Number.isSafeInteger(quantity) || quantity < 1) throw invalid("invalid_quantity", "A quantity is at least 1.");
    const id = variant_id.toLowerCase();
    demand.set(id, (demand.get(id) ?? 0) + quantity);
  }
  return [...demand].map(([variant_id, quantity]) => ({ variant_id, quantity }))
    .sort((a, b) => a.variant_id < b.variant_id ? -1 : 1);
}

/** The refusal that names each SKU of which there is not enough, if there is any. */
export function shortage(demand: readonly StockLine[], shelves: readonly Shelf[]): NanoError | undefined {
  const items = demand.flatMap(({ variant_id, quantity }) => {
    const shelf = shelves.find((shelf) => shelf.variant_id === variant_id);
    const available = shelf?.available ?? 0;
    return available >= quantity ? [] : [{ variant_id, sku: shelf?.sku ?? "", requested: quantity, available }];
  });
  if (items.length === 0) return undefined;
  const named = items.map((item) => item.sku || item.variant_id).join(", ");
  return conflict("out_of_stock", `There is not enough of ${named}.`, { items });
}

/** Whether what can be bought has just fallen to a few. */
export function fellLow(before: number, after: number): boolean {
  return before > LOW_STOCK && after <= LOW_STOCK;
}
