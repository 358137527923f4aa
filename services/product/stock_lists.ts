import type { Pool } from "../shared/postgres.ts";
import type { Stock } from "./stock_repository.ts";

/** A step in a variant's stock. */
export interface Movement {
  id: number;
  kind: string;
  delta: number;
  reserved_delta: number;
  order_id: string | null;
  reason: string;
  actor: string;
  time: Date;
}

/** A variant that is running out. */
export interface LowStock extends Stock {
  product_id: string;
  sku: string;
  name: string;
}

/** Which variants count as running out, and where the list goes on. */
export interface LowStockQuery {
  store_id: string;
  threshold: number;
  limit: number;
  after?: { available: number; id: string } | undefined;
}

/** The index of what is low goes as far as this. */
export const MAX_THRESHOLD = 100;

/** A count goes so far and no further. */
const MAX_COUNT = 1_000;

/**
 * One walk along the index of what is low: its column is what is available, up to 100. That is spelled out, for the index
 * to fit.
 */
export function lowStockStatement({ store_id, threshold, limit, after }: LowStockQuery) {
  return {
    name: `product.low_stock${after ? ".after" : ""}`,
    text: `select v.id as variant_id, v.product_id, v.sku,
             case when v.name = '' then p.name else p.name || ', ' || v.name end as name,
             v.on_hand, v.reserved, v.on_hand - v.reserved as available
           from variants v join products p on p.id = v.product_id
           where v.store_id = $1 and not v.archived and v.low_stock <= ${MAX_THRESHOLD}
             and v.low_stock <= $2 and p.status = 'active'
             ${after ? "and (v.low_stock, v.id) > ($4, $5::uuid)" : ""}
           order by v.low_stock, v.id limit $3`,
    values: [store_id, threshold, limit, ...(after ? [after.available, after.id] : [])],
  };
}

/** A page of a variant's movements, newest first. */
export function movementsStatement(variant_id: string, before: number | undefined, limit: number) {
  return {
    name: "product.movements",
    text: `select id, kind, delta, reserved_delta, order_id, reason, actor, time from stock_movements
           where variant_id = $1 and id < $2 order by id desc limit $3`,
    values: [variant_id, before ?? Number.MAX_SAFE_INTEGER, limit],
  };
}

/** The lists of stock that staff read. */
export function createStockLists(pool: Pool) {
  return {
    async movements(variant_id: string, before: number | undefined, limit: number): Promise<Movement[]> {
      return (await pool.query<Movement>(movementsStatement(variant_id, before, limit))).rows;
    },

    async countMovements(variant_id: string): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>({
        text: "select count(*)::int as total from stock_movements where variant_id = $1",
        values: [variant_id],
      });
      return row?.total ?? 0;
    },

    async low(query: LowStockQuery): Promise<LowStock[]> {
      return (await pool.query<LowStock>(lowStockStatement(query))).rows;
    },

    /** How many variants are low, up to 1,000. */
    async countLow(store_id: string, threshold: number): Promise<number> {
      const { text, values } = lowStockStatement({ store_id, threshold, limit: MAX_COUNT });
      const { rows: [row] } = await pool.query<{ total: number }>({
        name: "product.count_low_stock",
        text: `select count(*)::int as total from (${text}) low`,
        values,
      });
      return row?.total ?? 0;
    },

    /** The stock of those of the variants that are the store's. */
    async of(store_id: string, variant_ids: string[]): Promise<Stock[]> {
      const { rows } = await pool.query<Stock>({
        name: "product.stock_of_many",
        text: `select id as variant_id, on_hand, reserved, on_hand - reserved as available
               from variants where id = any($2::uuid[]) and store_id = $1`,
        values: [store_id, variant_ids],
      });
      return rows;
    },

    /** The names of the options in a store. It reads all its variants, so it is for exports only. */
    async optionNames(store_id: string): Promise<string[]> {
      const { rows } = await pool.query<{ name: string }>({
        text: `select distinct o.name from variants v, jsonb_object_keys(v.options) o (name)
               where v.store_id = $1 and not v.archived order by o.name limit 100`,
        values: [store_id],
      });
      return rows.map((row) => row.name);
    },
  };
}
