import { notFound } from "../shared/errors.ts";
import { orElse, type Pool, type Sql } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import { dayOf, type Sale } from "./stats.ts";

/** An event as it is kept, and what it adds to the figures of its day. */
export interface StoredEvent {
  id: string;
  store_id: string;
  type: string;
  time: Date;
  data: object;
  /** The one that its amounts are in. */
  currency?: string;
  orders?: number;
  revenue?: number;
  new_customers?: number;
  sales?: Sale[];
  /** Not to be kept where a webhook gets events of its type. */
  unless_heard?: boolean;
}

const NOTHING = { orders: 0, revenue: 0, new_customers: 0, sales: [], unless_heard: false };

/** What decides about an event: of its store, and whether it is new. */
export interface Kept {
  currency: string;
  heard: boolean;
  fresh: boolean;
}

const unknownStore = { events_store_id_fkey: () => notFound("store") };

/** The statements on what other services told. */
export function createEventRepository(pool: Pool) {
  return {
    /**
     * Keeps events and adds what the new ones count for to their days, all by one statement; tells by their ids what
     * decided, but of those whose store is unknown. One is not kept where its currency is not the store's, nor, if it
     * says so, where it is heard. Events, days and variants are each written in one order, so that no two calls wait
     * for one another.
     */
    async insertEvents(sql: Sql, events: readonly StoredEvent[]): Promise<Map<string, Kept>> {
      // One that came twice at once is there once.
      const byId = new Map(events.map((event) => [event.id, { ...NOTHING, ...event, day: dayOf(event.time) }]));
      const work = sql.query<Kept & { id: string }>({
        name: "event.insert",
        text: `with given as (
                 select event.*, stores.currency as store_currency, exists (select from webhook_endpoints
                   where store_id = stores.id and status = 'active' and event_types && array[event.type, '*']) as heard
                 from jsonb_to_recordset($1::jsonb) as event (id uuid, store_id uuid, type text, time timestamptz,
                   data jsonb, day date, currency text, orders int, revenue bigint, new_customers int, sales jsonb,
                   unless_heard boolean)
                 join stores on stores.id = event.store_id
               ), kept as (
                 insert into events (id, store_id, type, time, data)
                 select id, store_id, type, time, data from given
                 where coalesce(currency = store_currency, true) and not (heard and unless_heard)
                 order by id
                 on conflict do nothing returning id
               ), counted as (
                 insert into daily_stats as days (store_id, day, orders, revenue, new_customers)
                 select store_id, day, sum(orders), sum(revenue), sum(new_customers) from given join kept using (id)
                 where (orders, revenue, new_customers) <> (0, 0, 0)
                 group by store_id, day order by store_id, day
                 on conflict (store_id, day) do update set orders = days.orders + excluded.orders,
                   revenue = days.revenue + excluded.revenue, new_customers = days.new_customers + excluded.new_customers
               ), sold as (
                 insert into daily_sales as sold (store_id, day, variant_id, product_id, sku, name, quantity, revenue)
                 select store_id, day, variant_id, (array_agg(line.product_id order by time desc))[1],
                   (array_agg(line.sku order by time desc))[1], (array_agg(line.name order by time desc))[1],
                   sum(line.quantity), sum(line.revenue)
                 from given join kept using (id), jsonb_to_recordset(given.sales) as line
                   (variant_id uuid, product_id uuid, sku text, name text, quantity bigint, revenue bigint)
                 group by store_id, day, variant_id order by store_id, day, variant_id
                 on conflict (store_id, day, variant_id) do update set sku = excluded.sku, name = excluded.name,
                   quantity = sold.quantity + excluded.quantity, revenue = sold.revenue + excluded.revenue
               )
               select id, store_currency as currency, heard, kept.id is not null as fresh
               from given left join kept using (id)`,
        values: [JSON.stringify([...byId.values()])],
      });
      const { rows } = await orElse(work, unknownStore);
      return new Map(rows.map(({ id, ...kept }) => [id, kept]));
    },

    /** Forgets events that came 30 days ago. */
    async reapEvents(): Promise<void> {
      await deleteInBatches(pool, "events", "receive_time < now() - interval '30 days'");
    },
  };
}
