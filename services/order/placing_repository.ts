import type { Checkout } from "../../proto/gen/nano/cart/v1/cart.ts";
import { conflict, type NanoError } from "../shared/errors.ts";
import { CLAIM_KEY, claimValues, findKey, keepRefusal, type KeyedRequest } from "../shared/idempotency.ts";
import { addJobs } from "../shared/jobs.ts";
import { binding, embed } from "../shared/parts.ts";
import { collect, orElse, type Pool, single } from "../shared/postgres.ts";
import { type Draft, followUp, type Order, placingOrder, type Pricing } from "./order.ts";

/** How long stock is held for an order that nobody has paid yet. */
const HOLD = "15 minutes";

/** When a request that died is resumed: a little after its lease of the key ends. */
export const RESUME_AFTER = "13 seconds";

/** An order that took its cart, and the number that it is to have. */
export interface Taken {
  placing: Order;
  number: number;
}

/** The statements on orders that are being placed, and on the keys of the requests that place and pay them. */
export function createPlacingRepository(pool: Pool) {
  return {
    /**
     * Takes a cart for an order, under the client's key: writes the order with its lines and prices, the end of its hold
     * by the database's clock and the job that resumes it should this process die, and counts its number. Undefined
     * where the key is known. Throws `cart_ordered` if another order took the cart.
     */
    async takeCart(keyed: KeyedRequest, draft: Draft, cart: Checkout, priced: Pricing): Promise<Taken | undefined> {
      const { cart_id, guest_expire_time } = cart;
      const { tax, totals, currency } = priced;
      const columns = {
        user_id: draft.user_id ?? null,
        guest_hash: draft.user_id ? null : draft.guest_hash,
        guest_expire_time: guest_expire_time ?? null,
        email: draft.email,
        shipping_address: JSON.stringify(draft.shipping_address),
        billing_address: draft.billing_address ? JSON.stringify(draft.billing_address) : null,
        note: draft.note ?? null,
        cart_id,
        currency,
        tax_included: tax.included,
        subtotal: totals.subtotal.amount,
        discount: totals.discount.amount,
        shipping: totals.shipping.amount,
        tax: totals.tax.amount,
        total: totals.total.amount,
      };
      const lines = JSON.stringify(priced.items.map((item, position) => ({ ...item, position })));
      const resume = followUp("resume_order", draft.id, { after: RESUME_AFTER });
      const { parts } = await collect((tx) => addJobs(tx, "order", [resume]));
      const { values, bind } = binding(claimValues(keyed));
      const text = `with claimed as (
          ${CLAIM_KEY} on conflict do nothing returning store_id, resource_id
        ), placed as (
          insert into orders (id, store_id, expire_time, ${Object.keys(columns).join(", ")})
          select resource_id, store_id, now() + interval '${HOLD}', ${Object.values(columns).map(bind).join(", ")}
          from claimed
          returning id, store_id, currency, tax_included, expire_time, create_time, version
        ), lines as (
          insert into order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
            unit_price, tax_rate_bp, tax_included, tax, total)
          select line.id, placed.id, line.position, line.product_id, line.variant_id, line.sku, line.name, placed.currency,
            line.quantity, line.unit_price, ${bind(tax.rate_bp)}, placed.tax_included, line.tax, line.total
          from placed, jsonb_to_recordset(${bind(lines)}) as line (id uuid, position int, product_id uuid,
            variant_id uuid, sku text, name text, quantity int, unit_price bigint, tax bigint, total bigint)
          returning 1
        ), numbered as (
          -- The last thing written, for until the commit the store's next order waits for it.
          ${nextNumber("select store_id, 1001 from placed where (select count(*) from lines) > 0")}
        )
        select placed.expire_time, placed.create_time, placed.version, numbered.last_number as number,
          statement_timestamp() as read_time${embed(parts, bind, "placed")}
        from placed, numbered`;
      const { rows: [taken] } = await orElse(
        single(pool, (sql) => sql.query<TakenRow>({ name: "order.take_cart", text, values })),
        { one_order_per_cart: () => conflict("cart_ordered", "This cart was ordered already.") },
      );
      if (!taken) return undefined;
      const { expire_time, create_time, version, number, read_time } = taken;
      const known = { expire_time, create_time, version, seen: { time: read_time, at: performance.now() } };
      return { placing: placingOrder(draft, cart_id, guest_expire_time, priced, known), number };
    },

    /** Holds an order's goods anew for its whole time, if it is not placed yet. */
    async holdAnew(id: string): Promise<void> {
      await pool.query({
        name: "order.hold_anew",
        text: `update orders set expire_time = now() + interval '${HOLD}' where id = $1 and status = 'placing'`,
        values: [id],
      });
    },

    /** The store's next order number, for an order that lost its own by a crash. */
    async nextNumber(store_id: string): Promise<number> {
      const { rows: [row] } = await pool.query<{ last_number: number }>({
        name: "order.next_number",
        text: nextNumber("values ($1::uuid, 1001)"),
        values: [store_id],
      });
      if (!row) throw new Error("Cannot number an order as the counter must answer.");
      return row.last_number;
    },

    findKey: (request: KeyedRequest) => findKey(pool, request),
    keepRefusal: (request: KeyedRequest, refusal: NanoError) => keepRefusal(pool, request, refusal),
  };
}

interface TakenRow {
  expire_time: Date;
  create_time: Date;
  version: number;
  number: number;
  read_time: Date;
}

/**
 * Counts one more order in a store; one that is not placed after all leaves a gap. `first` gives the store and the number
 * of its first one.
 */
function nextNumber(first: string): string {
  return `insert into order_numbers as n (store_id, last_number) ${first}
          on conflict (store_id) do update set last_number = n.last_number + 1 returning last_number`;
}
