import { conflict, invalid } from "../shared/errors.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";
import { LOW_STOCK, type Shelf, type StockLine } from "./stock.ts";

/** The stock of a variant. */
export interface Stock {
  variant_id: string;
  on_hand: number;
  reserved: number;
  available: number;
}

/** A variant's stock as a move left it. */
export interface Moved extends Stock {
  product_id: string;
  sku: string;
  delta: number;
}

/** What carts and orders need to know of a variant. */
export interface Offer {
  variant_id: string;
  product_id: string;
  sku: string;
  name: string;
  image: string | null;
  price: number;
  currency: string;
  available: number;
}

/** How a hold ends: sold, or free again. */
export type Settlement = "commit" | "release";

/** The variants of those of the products ($3) that have one on sale. */
const SINGLE_VARIANTS = `array(
    select (array_agg(id))[1] from variants
    where product_id = any($3::uuid[]) and not archived group by product_id having count(*) = 1
  )`;

/** Whether so much of variant `v` remains after demand `d` that nobody need be told. */
const IS_PLENTY = `not v.archived and v.on_hand - v.reserved - d.quantity > ${LOW_STOCK}`;

/** Locks an order's ($1) row, then the variants that it ever held, in the order of their ids. */
const HELD = `hold as materialized (
    select from holds where order_id = $1 for no key update
  ), shelf as materialized (
    -- What does not depend on the rows is worked out, and so locked, before them.
    select id from variants where (select count(*) from hold) >= 0
      and id in (select variant_id from reservations where order_id = $1)
    order by id for no key update
  )`;

/**
 * The statements on stock. Whoever moves stock of an order takes the order's row in holds first, then the variants in
 * the order of their ids, so that steps of one order queue and two orders never wait for each other in a circle.
 */
export function createStockRepository(pool: Pool) {
  return {
    /** Gets offers of variants, and of products with a single variant on sale. */
    async offers(store_id: string, variant_ids: string[], product_ids: string[]): Promise<Offer[]> {
      const more = product_ids.length > 0;
      const { rows } = await pool.query<Offer>({
        // Most ask for variants alone, at each step of a checkout: that costs a third less.
        name: more ? "product.offers_of_products" : "product.offers",
        text: `select v.id as variant_id, v.product_id, v.sku,
                 case when v.name = '' then p.name else p.name || ', ' || v.name end as name,
                 p.images -> 0 ->> 'url' as image, v.price, v.currency, v.on_hand - v.reserved as available
               from variants v join products p on p.id = v.product_id
               where v.id = any($2::uuid[]${more ? ` || ${SINGLE_VARIANTS}` : ""})
                 and v.store_id = $1 and not v.archived and p.status = 'active'`,
        values: [store_id, variant_ids, ...more ? [product_ids] : []],
      });
      return rows;
    },

    /**
     * Holds stock for an order that has held none, by one statement, where more than a few of each variant remain; tells
     * whether it did. If not, nothing is changed: it is to be found out why.
     */
    async reserveOfPlenty(
      sql: Sql,
      store_id: string,
      order_id: string,
      demand: StockLine[],
      expire_time: Date,
    ): Promise<boolean> {
      const work = sql.query({
        name: "product.reserve_of_plenty",
        // The order's row first, then the variants in their order, then what is there of them by now. Where that is not
        // enough any more, null is noted in place of the variant: it fails, and takes all of it back.
        text: `with demand as (
                 select * from unnest($3::uuid[], $4::bigint[]) d (variant_id, quantity)
               ), plenty as (
                 select from demand d join variants v on v.id = d.variant_id join products p on p.id = v.product_id
                 where v.store_id = $2 and p.status = 'active' and ${IS_PLENTY}
               ), hold as (
                 insert into holds (order_id) select $1 where (select count(*) from plenty) = cardinality($3)
                 on conflict do nothing returning order_id
               ), shelf as materialized (
                 select id from variants where exists (select from hold) and id = any($3) order by id for no key update
               ), held as (
                 update variants v set reserved = v.reserved + d.quantity
                 from shelf join demand d on d.variant_id = shelf.id where v.id = shelf.id and ${IS_PLENTY}
                 returning v.id
               )
               insert into reservations (order_id, variant_id, quantity, expire_time)
               select hold.order_id, held.id, d.quantity, $5
               from hold cross join demand d left join held on held.id = d.variant_id`,
        values: [
          order_id,
          store_id,
          demand.map((line) => line.variant_id),
          demand.map((line) => line.quantity),
          expire_time,
        ],
      });
      const sold = (error: unknown) => {
        if ((error as { code?: string }).code !== "23502") throw error;
        return { rowCount: 0 };
      };
      return (await work.catch(sold)).rowCount === demand.length;
    },

    /** Takes an order's row, making it if need be; `closed` means that it may hold nothing any more. */
    async openHold(tx: Tx, order_id: string): Promise<{ fresh: boolean; closed: boolean }> {
      const { rows: [row] } = await tx.query<{ fresh: boolean; closed: boolean }>({
        name: "product.hold",
        // One that was there is updated to what it was: that locks it. Only a row that was just made has no xmax.
        text: `insert into holds as h (order_id) values ($1)
               on conflict (order_id) do update set closed = h.closed returning h.xmax = 0 as fresh, h.closed`,
        values: [order_id],
      });
      return row ?? { fresh: false, closed: true };
    },

    /** Closes an order's row, so that no hold can be made under it any more. */
    async closeHold(tx: Tx, order_id: string): Promise<void> {
      await tx.query({
        name: "product.close_hold",
        text: `insert into holds (order_id, closed) values ($1, true)
               on conflict (order_id) do update set closed = true`,
        values: [order_id],
      });
    },

    /** Locks the variants of a demand and says what can be bought; what is not on sale in the store is left out. */
    async lockShelves(tx: Tx, store_id: string, variant_ids: string[]): Promise<Shelf[]> {
      const { rows } = await tx.query<Shelf>({
        name: "product.lock_shelves",
        text: `select v.id as variant_id, v.product_id, v.sku,
                 case when v.archived or p.status <> 'active' then 0 else v.on_hand - v.reserved end as available
               from variants v join products p on p.id = v.product_id
               where v.id = any($2::uuid[]) and v.store_id = $1 order by v.id for no key update of v`,
        values: [store_id, variant_ids],
      });
      return rows;
    },

    /** Holds stock for an order by the one conditional update; gives what is left of each variant of which there was enough. */
    async reserve(tx: Tx, order_id: string, demand: StockLine[], expire_time: Date): Promise<Map<string, number>> {
      const { rows } = await tx.query<{ variant_id: string; available: number }>({
        name: "product.reserve",
        text: `with held as (
                 update variants v set reserved = v.reserved + d.quantity
                 from unnest($2::uuid[], $3::int[]) d (variant_id, quantity)
                 where v.id = d.variant_id and not v.archived and v.on_hand - v.reserved >= d.quantity
                 returning v.id as variant_id, d.quantity, v.on_hand - v.reserved as available
               ), noted as (
                 insert into reservations (order_id, variant_id, quantity, expire_time)
                 select $1, variant_id, quantity, $4 from held
               )
               select variant_id, available from held`,
        values: [order_id, demand.map((line) => line.variant_id), demand.map((line) => line.quantity), expire_time],
      });
      return new Map(rows.map((row) => [row.variant_id, row.available]));
    },

    /** Locks an order's row, then the variants that it ever held. */
    async lockHeld(tx: Tx, order_id: string): Promise<void> {
      await tx.query({ name: "product.lock_held", text: `with ${HELD} select from shelf`, values: [order_id] });
    },

    /** An order's reservations. */
    async reservations(
      sql: Sql,
      order_id: string,
    ): Promise<(StockLine & { state: "held" | "committed" | "released" })[]> {
      const { rows } = await sql.query<StockLine & { state: "held" | "committed" | "released" }>({
        name: "product.reservations",
        text: "select variant_id, quantity, state from reservations where order_id = $1 order by variant_id",
        values: [order_id],
      });
      return rows;
    },

    /**
     * Ends what an order holds: off the shelf, or back on it; tells whether it held anything. The rest stays as it is.
     * All by one statement, which locks as lockHeld does: what it then updates it takes as that is by now.
     */
    async settle(sql: Sql, order_id: string, settlement: Settlement, actor: string): Promise<boolean> {
      const { rowCount } = await sql.query({
        name: `product.${settlement}`,
        text: `with ${HELD}, ended as (
                 update reservations set state = '${settlement === "commit" ? "committed" : "released"}'
                 where order_id = $1 and state = 'held' and (select count(*) from shelf) > 0 returning variant_id, quantity
               ), moved as (
                 update variants v
                 set reserved = v.reserved - e.quantity${
          settlement === "commit" ? ", on_hand = v.on_hand - e.quantity" : ""
        }
                 from ended e where v.id = e.variant_id
               )
               insert into stock_movements (variant_id, kind, delta, reserved_delta, order_id, actor)
               select variant_id, '${settlement}', ${
          settlement === "commit" ? "-quantity" : "0"
        }, -quantity, $1, $2 from ended`,
        values: [order_id, actor],
      });
      return rowCount !== 0;
    },

    /** Orders, at most 100, whose holds should have ended an hour ago. */
    async overdueHolds(): Promise<string[]> {
      const { rows } = await pool.query<{ order_id: string }>({
        text: "select distinct order_id from reservations where state = 'held' and expire_time < now() limit 100",
      });
      return rows.map((row) => row.order_id);
    },

    /** How much of an order's variants has come back, but for the return under this key; `seen` if that one happened. */
    async returned(tx: Tx, order_id: string, key: string): Promise<{ seen: boolean; quantities: Map<string, number> }> {
      const { rows } = await tx.query<{ variant_id: string; quantity: number; seen: boolean }>({
        text: `select variant_id, sum(delta)::int as quantity, bool_or(key = $2) as seen
               from stock_movements where order_id = $1 and kind = 'return' group by variant_id`,
        values: [order_id, key],
      });
      return {
        seen: rows.some((row) => row.seen),
        quantities: new Map(rows.map((row) => [row.variant_id, row.quantity])),
      };
    },

    /** Puts sold stock back on the shelf, once per key. */
    async putBack(tx: Tx, order_id: string, lines: StockLine[], key: string, reason: string): Promise<void> {
      await tx.query({
        text: `with back as (
                 insert into stock_movements (variant_id, kind, delta, order_id, key, reason)
                 select variant_id, 'return', quantity, $1, $4, $5
                 from unnest($2::uuid[], $3::int[]) d (variant_id, quantity)
                 on conflict (order_id, key, variant_id) where kind = 'return' do nothing
                 returning variant_id, delta
               )
               update variants v set on_hand = v.on_hand + back.delta from back where v.id = back.variant_id`,
        values: [order_id, lines.map((line) => line.variant_id), lines.map((line) => line.quantity), key, reason],
      });
    },

    /** A variant's stock and whose it is; undefined if there is no such variant. */
    async stockOf(variant_id: string): Promise<Stock & { store_id: string } | undefined> {
      const { rows: [row] } = await pool.query<Stock & { store_id: string }>({
        name: "product.stock",
        text:
          `select id as variant_id, store_id, on_hand, reserved, on_hand - reserved as available from variants where id = $1`,
        values: [variant_id],
      });
      return row;
    },

    /** Moves stock of variants by signed quantities, never below what is reserved: such a one is left out. */
    async adjust(tx: Tx, moves: readonly { variant_id: string; delta: number }[], reason: string): Promise<Moved[]> {
      const { rows } = await orElse(
        tx.query<Moved>({
          name: "product.adjust",
          text: `with moved as (
                   update variants v set on_hand = v.on_hand + m.delta
                   from unnest($1::uuid[], $2::int[]) m (variant_id, delta)
                   where v.id = m.variant_id and v.on_hand + m.delta >= v.reserved
                   returning v.id as variant_id, v.product_id, v.sku, v.on_hand, v.reserved,
                     v.on_hand - v.reserved as available, m.delta
                 ), noted as (
                   insert into stock_movements (variant_id, kind, delta, reason)
                   select variant_id, 'adjust', delta, $3 from moved
                 )
                 select * from moved`,
          values: [moves.map(({ variant_id }) => variant_id), moves.map(({ delta }) => delta), reason],
        }),
        {
          variants_on_hand_bound: () => invalid("invalid_stock", "Stock is at most 1,000,000,000.", "/delta"),
          variants_reserved_within_on_hand: () => conflict("below_reserved", "Some of this stock is reserved."),
        },
      );
      return rows;
    },
  };
}
