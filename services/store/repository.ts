import { conflict } from "../shared/errors.ts";
import { orElse, type Pool, type Tx } from "../shared/postgres.ts";
import { createEventRepository } from "./event_repository.ts";
import { createPersonRepository } from "./person_repository.ts";
import type { DayFigures, Seller } from "./stats.ts";
import type { Status, Store, StoreSettings } from "./store.ts";

export type Repository = ReturnType<typeof createRepository>;

interface StoreRow extends Omit<Store, "tax"> {
  tax_rate_bp: number;
  tax_included: boolean;
}

const COLUMNS =
  "id, slug, name, status, currency, locale, country, tax_rate_bp, tax_included, origins, create_time, update_time, version";
/** Below every id. */
const FIRST = "00000000-0000-0000-0000-000000000000";
const slugTaken = { stores_slug_key: () => conflict("slug_taken", "Another store has this slug.") };

/** The store service's statements. */
export function createRepository(pool: Pool) {
  return {
    ...createEventRepository(pool),
    ...createPersonRepository(pool),

    async getById(id: string): Promise<Store | undefined> {
      const { rows: [row] } = await pool.query<StoreRow>({
        name: "store.by_id",
        text: `select ${COLUMNS} from stores where id = $1`,
        values: [id],
      });
      return row && toStore(row);
    },

    async getBySlug(slug: string): Promise<Store | undefined> {
      const { rows: [row] } = await pool.query<StoreRow>({
        name: "store.by_slug",
        text: `select ${COLUMNS} from stores where slug = $1`,
        values: [slug],
      });
      return row && toStore(row);
    },

    async getDefault(): Promise<Store | undefined> {
      const { rows: [row] } = await pool.query<StoreRow>({
        name: "store.default",
        text: `select ${COLUMNS} from stores where is_default`,
      });
      return row && toStore(row);
    },

    /** Lists the active stores and, beside them, those of the given ids or all of them, in the order of their creation. */
    async list(seen: { all: boolean; own: string[] }, after: string | undefined, limit: number): Promise<Store[]> {
      const { rows } = await pool.query<StoreRow>({
        name: "store.list",
        text: `select ${COLUMNS} from stores
               where (status = 'active' or $1 or id = any($2::uuid[])) and id > $3
               order by id limit $4`,
        values: [seen.all, seen.own, after ?? FIRST, limit],
      });
      return rows.map(toStore);
    },

    async count(seen: { all: boolean; own: string[] }): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>({
        name: "store.count",
        text: "select count(*)::int as total from stores where status = 'active' or $1 or id = any($2::uuid[])",
        values: [seen.all, seen.own],
      });
      return row?.total ?? 0;
    },

    async insert(tx: Tx, id: string, settings: StoreSettings): Promise<Store> {
      const { slug, name, currency, locale, country, tax, origins = [] } = settings;
      const work = tx.query<StoreRow>({
        text: `insert into stores (id, slug, name, currency, locale, country, tax_rate_bp, tax_included, origins)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${COLUMNS}`,
        values: [id, slug, name, currency, locale, country, tax.rate_bp, tax.included, origins],
      });
      const { rows: [row] } = await orElse(work, slugTaken);
      return toStore(row as StoreRow);
    },

    /** Replaces the settings if the version is still the given one; undefined if it is not. */
    async update(tx: Tx, id: string, version: number, settings: StoreSettings): Promise<Store | undefined> {
      const { slug, name, locale, country, tax, origins } = settings;
      const work = tx.query<StoreRow>({
        text: `update stores set slug = $3, name = $4, locale = $5, country = $6, tax_rate_bp = $7, tax_included = $8,
                 origins = coalesce($9, origins), version = version + 1, update_time = now()
               where id = $1 and version = $2 returning ${COLUMNS}`,
        values: [id, version, slug, name, locale, country, tax.rate_bp, tax.included, origins ?? null],
      });
      const { rows: [row] } = await orElse(work, slugTaken);
      return row && toStore(row);
    },

    /** The origins of the active stores that have some. */
    async listOrigins(): Promise<{ store_id: string; slug: string; is_default: boolean; origins: string[] }[]> {
      const { rows } = await pool.query({
        name: "store.origins",
        text: `select id as store_id, slug, is_default, origins from stores
               where origins <> '{}' and status = 'active' order by id limit 10000`,
      });
      return rows;
    },

    /** Sets the status; the same one again changes nothing. */
    async setStatus(tx: Tx, id: string, status: Status): Promise<void> {
      await tx.query({
        text:
          "update stores set status = $2, version = version + 1, update_time = now() where id = $1 and status <> $2",
        values: [id, status],
      });
    },

    /** The days of a span on which something happened. */
    async listDays(store_id: string, from: string, to: string): Promise<(DayFigures & { new_customers: number })[]> {
      const { rows } = await pool.query<DayFigures & { new_customers: number }>({
        name: "stats.days",
        text: `select day::text as day, orders, revenue, new_customers from daily_stats
               where store_id = $1 and day between $2 and $3 order by day`,
        values: [store_id, from, to],
      });
      return rows;
    },

    /** The variants of a span that sold most. */
    async listSellers(store_id: string, from: string, to: string, limit: number): Promise<Seller[]> {
      const { rows } = await pool.query<Seller>({
        name: "stats.sellers",
        text: `select variant_id, (array_agg(product_id order by day desc))[1] as product_id,
                 (array_agg(sku order by day desc))[1] as sku, (array_agg(name order by day desc))[1] as name,
                 sum(quantity)::bigint as quantity, sum(revenue)::bigint as revenue
               from daily_sales where store_id = $1 and day between $2 and $3
               group by variant_id order by quantity desc, revenue desc, variant_id limit $4`,
        values: [store_id, from, to, limit],
      });
      return rows;
    },

    /** How many deliveries of a store's webhooks failed for good, up to 1,000. */
    async countFailedDeliveries(store_id: string): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>({
        name: "webhook.count_failed",
        text: `select count(*)::int as total from (
                 select from webhook_endpoints e join webhook_deliveries d on d.endpoint_id = e.id
                 where e.store_id = $1 and d.state = 'failed' limit 1000
               ) few`,
        values: [store_id],
      });
      return row?.total ?? 0;
    },
  };
}

function toStore({ tax_rate_bp, tax_included, ...row }: StoreRow): Store {
  return { ...row, tax: { rate_bp: tax_rate_bp, included: tax_included } };
}
