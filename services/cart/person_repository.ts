import { type Pool, transaction } from "../shared/postgres.ts";

const MAX_CARTS = 1_000;

/** The statements on all carts of one user, open and ordered. */
export function createPersonRepository(pool: Pool) {
  return {
    async exportPerson(user_id: string): Promise<unknown[]> {
      const { rows } = await pool.query<{ cart: unknown }>({
        name: "cart.export_person",
        text: `select jsonb_build_object('id', c.id, 'store_id', c.store_id, 'state', c.state, 'order_id', c.order_id,
                 'create_time', c.create_time, 'update_time', c.update_time, 'items', coalesce((
                   select jsonb_agg(jsonb_build_object('variant_id', i.variant_id, 'product_id', i.product_id, 'sku', i.sku,
                     'name', i.name, 'quantity', i.quantity, 'unit_price', i.unit_price) order by i.id)
                   from cart_items i where i.cart_id = c.id), '[]')) as cart
               from carts c where c.user_id = $1 order by c.id desc limit ${MAX_CARTS}`,
        values: [user_id],
      });
      return rows.map(({ cart }) => cart);
    },

    /** The stores in which a user has or had a cart. */
    async personStores(user_id: string): Promise<string[]> {
      const { rows } = await pool.query<{ store_id: string }>({
        name: "cart.person_stores",
        text: "select distinct store_id from carts where user_id = $1",
        values: [user_id],
      });
      return rows.map(({ store_id }) => store_id);
    },

    erasePerson: (user_id: string): Promise<unknown> =>
      transaction(
        pool,
        (tx) =>
          tx.query({ name: "cart.erase_person", text: "delete from carts where user_id = $1", values: [user_id] }),
      ),
  };
}
