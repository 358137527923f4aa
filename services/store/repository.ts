import { conflict, notFound } from "../shared/errors.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";
import { createPersonRepository } from "./person_repository.ts";
import { type DayFigures, dayOf, type Sale, type Seller } from "./stats.ts";
import type { Status, Store, StoreSettings } from "./store.ts";

export type Repository = ReturnType<typeof createRepository>;

interface StoreRow extends Omit<Store, "tax"> {
  tax_rate_bp: number;
  tax_included: boolean;
}

/** An event as it is kept. */
export interface StoredEvent {
  id: string;
  store_id: string;
  type: string;
  time: Date;
  data: object;
}

/** What an event adds to its day. */
export interface Figures {
  /** The one that its amounts are in. */
  currency?: string;
  orders?: number;
  revenue?: number;
  new_customers?: number;
  sales?: Sale[];
}

const COLUMNS =
  "id, slug, name, status, currency, locale, country, tax_rate_bp, tax_included, origins, create_time, update_time, version";
/** Below every id. */
const FIRST = "00000000-0000-0000-0000-000000000000";
const slugTaken = { stores_slug_key: () => conflict("slug_taken", "Another store has this slug.") };
const unknownStore = { events_store_id_fkey: () => notFound("store") };

/** The store service's statements. */
export function createRepository(pool: Pool) {
  return {
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

    /**
     * Keeps an event and adds what it counts for to its day, by one statement; tells of its store what decides, and
     * whether the event is new. It is not kept where its currency is another, nor, `unheard`, where a webhook gets events
     * of its type. An order's lines come in variant order, so that two orders lock alike.
     */
    async insertEvent(
      sql: Sql,
      event: StoredEvent,
      figures: Figures = {},
      unheard = false,
    ): Promise<{ currency: string; heard: boolean; fresh: boolean } | undefined> {
      const { currency, orders = 0, revenue = 0, new_customers = 0, sales = [] } = figures;
      const work = sql.query<{ currency: string; heard: boolean; fresh: boolean }>({
        name: "event.insert",
        text: `with store as (
                 select id, currency, exists (select from webhook_endpoints
                   where store_id = $2 and status = 'active' and event_types && array[$3, '*']) as heard
                 from stores where id = $2
               ), kept as (
                 insert into events (id, store_id, type, time, data)
                 select $1, id, $3, $4, $5 from store
                 where coalesce(currency = $11, true) and not (heard and $12)
                 on conflict do nothing returning store_id
               ), counted as (
                 insert into daily_stats as days (store_id, day, orders, revenue, new_customers)
                 select store_id, $6::date, $7::int, $8::bigint, $9::int from kept
                 where ($7::int, $8::bigint, $9::int) <> (0, 0, 0)
                 on conflict (store_id, day) do update set orders = days.orders + excluded.orders,
                   revenue = days.revenue + excluded.revenue, new_customers = days.new_customers + excluded.new_customers
               ), sold as (
                 insert into daily_sales as sold (store_id, day, variant_id, product_id, sku, name, quantity, revenue)
                 select kept.store_id, $6::date, line.* from kept, jsonb_to_recordset($10::jsonb) as line
                   (variant_id uuid, product_id uuid, sku text, name text, quantity bigint, revenue bigint)
                 order by line.variant_id
                 on conflict (store_id, day, variant_id) do update set sku = excluded.sku, name = excluded.name,
                   quantity = sold.quantity + excluded.quantity, revenue = sold.revenue + excluded.revenue
               )
               select currency, heard, exists (select from kept) as fresh from store`,
        values: [
          event.id,
          event.store_id,
          event.type,
          event.time,
          JSON.stringify(event.data),
          dayOf(event.time),
          orders,
          revenue,
          new_customers,
          JSON.stringify(sales),
          currency ?? null,
          unheard,
        ],
      });
      return (await orElse(work, unknownStore)).rows[0];
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

    /** Forgets events that came 30 days ago. */
    async reapEvents(): Promise<void> {
      await pool.query("delete from events where receive_time < now() - interval '30 days'");
    },
  };
}

function toStore({ tax_rate_bp, tax_included, ...row }: StoreRow): Store {
  return { ...row, tax: { rate_bp: tax_rate_bp, included: tax_included } };
}
