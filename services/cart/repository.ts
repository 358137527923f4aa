import { conflict } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";
import { deleteInBatches } from "../shared/reap.ts";
import { invalidQuantity, type Line, type Offer, type Principal, type StoredCart } from "./cart.ts";
import { countOpened } from "./cart_metrics.ts";
import { createPersonRepository } from "./person_repository.ts";

export type Repository = ReturnType<typeof createRepository>;

/** Where a cart belongs. */
export interface CartOwner {
  store_id: string;
  user_id: string | null;
  guest_hash: string | null;
}

/** The same, and what became of it. */
export interface CartHead extends CartOwner {
  order_id: string | null;
}

/** What an order takes of a cart. */
export interface Taken {
  cart_id: string;
  lines: { variant_id: string; quantity: number; sku: string }[];
  guest_expire_time: Date | null;
}

type CartRow = { cart_id: string; version: number } & (Line | { [K in keyof Line]: null });

const columnOf = { user: "user_id", guest: "guest_hash" } as const;

const CART = "c.id as cart_id, c.version, i.id, i.product_id, i.variant_id, i.sku, i.name, i.unit_price, i.quantity";

/** The open cart `c` of a principal ($2) in a store ($1); a guest's only as long as the token lives. */
const isOpen = {
  user: "c.store_id = $1 and c.user_id = $2 and c.state = 'open'",
  guest:
    "c.store_id = $1 and c.guest_hash = $2 and c.state = 'open' and exists (select from guests where token_hash = $2 and expire_time > now())",
};

/** Opens the cart of a principal ($3) in a store ($2) under an id ($1), or takes the open one, one version on. */
const openCart = (column: string) =>
  `insert into carts as c (id, store_id, ${column}) values ($1, $2, $3)
   on conflict (${column}, store_id) where state = 'open' do update set version = c.version + 1, update_time = now()
   returning id, version`;

const badQuantity = { cart_items_quantity_check: invalidQuantity };
const orderTaken = { carts_order_key: () => conflict("cart_ordered", "Another cart became this order.") };

/** The cart service's statements. */
export function createRepository(pool: Pool) {
  return {
    ...createPersonRepository(pool),

    /** A principal's open cart in a store. */
    async read(store_id: string, { kind, id }: Principal): Promise<StoredCart | undefined> {
      const { rows } = await pool.query<CartRow>({
        name: `cart.read.${kind}`,
        text: `select ${CART} from carts c left join cart_items i on i.cart_id = c.id where ${
          isOpen[kind]
        } order by i.id`,
        values: [store_id, id],
      });
      return toCart(rows);
    },

    /** A cart as a transaction sees it. */
    async readById(tx: Tx, id: string): Promise<StoredCart | undefined> {
      const { rows } = await tx.query<CartRow>({
        name: "cart.read_by_id",
        text: `select ${CART} from carts c left join cart_items i on i.cart_id = c.id where c.id = $1 order by i.id`,
        values: [id],
      });
      return toCart(rows);
    },

    /** Opens a principal's cart in a store, or takes the open one; either way it is locked and one version on. */
    async open(tx: Tx, store_id: string, { kind, id }: Principal): Promise<string> {
      const { rows: [row] } = await tx.query<{ id: string; version: number }>({
        name: `cart.open.${kind}`,
        text: openCart(columnOf[kind]),
        values: [newId(), store_id, id],
      });
      if (!row) throw new Error("Cannot open a cart as the statement must answer.");
      if (row.version === 1) countOpened(tx);
      return row.id;
    },

    /** Locks a principal's open cart, one version on; undefined if there is none. */
    async lock(tx: Tx, store_id: string, { kind, id }: Principal): Promise<string | undefined> {
      const { rows: [row] } = await tx.query<{ id: string }>({
        name: `cart.lock.${kind}`,
        text: `update carts c set version = version + 1, update_time = now() where ${isOpen[kind]} returning id`,
        values: [store_id, id],
      });
      return row?.id;
    },

    /** Adds a quantity of what is offered to a principal's cart, opened if need be: to its line, or as a new one. */
    async addLine(
      tx: Tx,
      store_id: string,
      { kind, id }: Principal,
      offer: Offer,
      quantity: number,
    ): Promise<{ cart_id: string; quantity: number }> {
      const { variant_id, product_id, sku, name, unit_price } = offer;
      const work = tx.query<{ cart_id: string; version: number; quantity: number }>({
        name: `cart.add_line.${kind}`,
        text: `with cart as (${openCart(columnOf[kind])})
               insert into cart_items as i (id, cart_id, variant_id, product_id, quantity, sku, name, unit_price)
               select $4, cart.id, $5, $6, $7, $8, $9, $10 from cart
               on conflict (cart_id, variant_id) do update set quantity = i.quantity + excluded.quantity,
                 sku = excluded.sku, name = excluded.name, unit_price = excluded.unit_price
               returning cart_id, quantity, (select version from cart)`,
        values: [newId(), store_id, id, newId(), variant_id, product_id, quantity, sku, name, unit_price],
      });
      const { rows: [row] } = await orElse(work, badQuantity);
      if (!row) throw new Error("Cannot add to a cart as the statement must answer.");
      if (row.version === 1) countOpened(tx);
      return row;
    },

    /**
     * Writes a line of a cart and the version that it makes, in one statement: of the open cart as it was read, or of a
     * new one. False, and nothing is written, where another change was quicker: each makes a version, also the close.
     */
    async writeLine(
      tx: Tx,
      store_id: string,
      principal: Principal,
      { id, version }: StoredCart,
      line: Line,
    ): Promise<boolean> {
      const { id: line_id, variant_id, product_id, quantity, sku, name, unit_price } = line;
      const isNew = version === 1;
      const { rowCount } = await tx.query({
        name: isNew ? `cart.open_with_line.${principal.kind}` : "cart.write_line",
        text: `with cart as (${
          isNew
            ? `insert into carts (id, store_id, ${columnOf[principal.kind]}) values ($1, $9, $10)
               on conflict do nothing returning id`
            : "update carts set version = $9, update_time = now() where id = $1 and version = $9 - 1 returning id"
        })
               insert into cart_items (id, cart_id, variant_id, product_id, quantity, sku, name, unit_price)
               select $2, cart.id, $3, $4, $5, $6, $7, $8 from cart
               on conflict (cart_id, variant_id) do update set quantity = excluded.quantity,
                 sku = excluded.sku, name = excluded.name, unit_price = excluded.unit_price`,
        values: [
          id,
          line_id,
          variant_id,
          product_id,
          quantity,
          sku,
          name,
          unit_price,
          ...isNew ? [store_id, principal.id] : [version],
        ],
      });
      const written = rowCount === 1;
      if (written && isNew) countOpened(tx);
      return written;
    },

    /** Sets a line's quantity, and what is offered now; false if the cart has no such line. */
    async setLine(tx: Tx, cart_id: string, line_id: string, offer: Offer, quantity: number): Promise<boolean> {
      const work = tx.query({
        name: "cart.set_line",
        text:
          "update cart_items set quantity = $3, sku = $4, name = $5, unit_price = $6 where cart_id = $1 and id = $2",
        values: [cart_id, line_id, quantity, offer.sku, offer.name, offer.unit_price],
      });
      return (await orElse(work, badQuantity)).rowCount === 1;
    },

    /** Writes the quantity of a merged line. */
    async putLine(tx: Tx, cart_id: string, line: Omit<Line, "id">): Promise<void> {
      const { variant_id, product_id, quantity, sku, name, unit_price } = line;
      await tx.query({
        name: "cart.put_line",
        text: `insert into cart_items (id, cart_id, variant_id, product_id, quantity, sku, name, unit_price)
               values ($1, $2, $3, $4, $5, $6, $7, $8)
               on conflict (cart_id, variant_id) do update set quantity = excluded.quantity`,
        values: [newId(), cart_id, variant_id, product_id, quantity, sku, name, unit_price],
      });
    },

    async removeLine(tx: Tx, cart_id: string, line_id: string): Promise<boolean> {
      const { rowCount } = await tx.query({
        name: "cart.remove_line",
        text: "delete from cart_items where cart_id = $1 and id = $2",
        values: [cart_id, line_id],
      });
      return rowCount === 1;
    },

    async removeLines(tx: Tx, cart_id: string): Promise<void> {
      await tx.query({
        name: "cart.remove_lines",
        text: "delete from cart_items where cart_id = $1",
        values: [cart_id],
      });
    },

    async insertGuest(tx: Tx, token_hash: string): Promise<void> {
      await tx.query({
        name: "guest.insert",
        text: "insert into guests (token_hash) values ($1)",
        values: [token_hash],
      });
    },

    /** Gives a guest another 90 days; false if there is no such guest any more. */
    async renewGuest(token_hash: string): Promise<boolean> {
      const { rowCount } = await pool.query({
        name: "guest.renew",
        text:
          "update guests set expire_time = now() + interval '90 days' where token_hash = $1 and expire_time > now()",
        values: [token_hash],
      });
      return rowCount === 1;
    },

    /** The stores in which a guest has an open cart with lines. */
    async listGuestStores(token_hash: string): Promise<string[]> {
      const { rows } = await pool.query<{ store_id: string }>({
        name: "guest.stores",
        text: `select store_id from carts c where guest_hash = $1 and state = 'open'
                 and exists (select from cart_items where cart_id = c.id)
                 and exists (select from guests where token_hash = $1 and expire_time > now())
               order by store_id`,
        values: [token_hash],
      });
      return rows.map((row) => row.store_id);
    },

    /** The lines of a principal's open cart, if it has any, as an order takes them. */
    async readTaken(store_id: string, { kind, id }: Principal): Promise<Taken | undefined> {
      const { rows: [row] } = await pool.query<Taken>({
        name: `cart.taken.${kind}`,
        text:
          `select c.id as cart_id, (select expire_time from guests where token_hash = c.guest_hash) as guest_expire_time,
                 jsonb_agg(jsonb_build_object('variant_id', i.variant_id, 'quantity', i.quantity, 'sku', i.sku) order by i.id) as lines
               from carts c join cart_items i on i.cart_id = c.id where ${isOpen[kind]} group by c.id`,
        values: [store_id, id],
      });
      return row;
    },

    /** A principal's latest cart that was ordered. */
    async readOrdered(
      store_id: string,
      { kind, id }: Principal,
    ): Promise<{ cart_id: string; order_id: string } | undefined> {
      const { rows: [row] } = await pool.query<{ cart_id: string; order_id: string }>({
        name: `cart.ordered.${kind}`,
        text: `select id as cart_id, order_id from carts where store_id = $1 and ${
          columnOf[kind]
        } = $2 and state = 'ordered'
               order by id desc limit 1`,
        values: [store_id, id],
      });
      return row;
    },

    async readHead(sql: Sql, id: string): Promise<CartHead | undefined> {
      const { rows: [row] } = await sql.query<CartHead>({
        name: "cart.head",
        text: "select store_id, user_id, guest_hash, order_id from carts where id = $1",
        values: [id],
      });
      return row;
    },

    /**
     * Closes an open cart of which the order took all; false, and it stays as it is, if there is more in it, if it is
     * closed already, or if it was changed while this waited for it.
     */
    async closeTaken(
      sql: Sql,
      id: string,
      order_id: string,
      taken: { variant_id: string; quantity: number }[],
    ): Promise<boolean> {
      const work = sql.query({
        name: "cart.close_taken",
        text: `with seen as (
                 select version from carts where id = $1 and not exists (
                   select from cart_items i
                   left join unnest($3::text[], $4::bigint[]) t (variant_id, quantity) on t.variant_id = i.variant_id::text
                   where i.cart_id = $1 and i.quantity > coalesce(t.quantity, 0))
               )
               update carts c set state = 'ordered', order_id = $2, version = c.version + 1, update_time = now()
               from seen where c.id = $1 and c.state = 'open' and c.version = seen.version`,
        values: [id, order_id, taken.map((line) => line.variant_id), taken.map((line) => line.quantity)],
      });
      return (await orElse(work, orderTaken)).rowCount === 1;
    },

    /** Closes an open cart as ordered; false if it is closed already. Waits for writes under way. */
    async close(tx: Tx, id: string, order_id: string): Promise<boolean> {
      const work = tx.query({
        name: "cart.close",
        text: `update carts set state = 'ordered', order_id = $2, version = version + 1, update_time = now()
               where id = $1 and state = 'open'`,
        values: [id, order_id],
      });
      return (await orElse(work, orderTaken)).rowCount === 1;
    },

    /** Takes a quantity off a line, or all of it. */
    async takeFromLine(tx: Tx, line_id: string, quantity: number): Promise<void> {
      await tx.query({
        name: "cart.take_all",
        text: "delete from cart_items where id = $1 and quantity <= $2",
        values: [line_id, quantity],
      });
      await tx.query({
        name: "cart.take_some",
        text: "update cart_items set quantity = quantity - $2 where id = $1",
        values: [line_id, quantity],
      });
    },

    /** Forgets guests whose tokens ended, with their carts, and carts that were ordered 90 days ago. */
    async reap(): Promise<void> {
      await deleteInBatches(pool, "guests", "expire_time < now()");
      await deleteInBatches(pool, "carts", "state = 'ordered' and update_time < now() - interval '90 days'");
    },
  };
}

function toCart(rows: CartRow[]): StoredCart | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const lines = rows.flatMap(({ cart_id: _cart, version: _version, ...line }) =>
    line.id === null ? [] : [line as Line]
  );
  return { id: first.cart_id, version: first.version, lines };
}
