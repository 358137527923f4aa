import { conflict, type NanoError } from "../shared/errors.ts";
import {
  type Claim,
  claimKey,
  dropKey,
  finishKey,
  type KeyedRequest,
  type Outcome,
  reapKeys,
  takeOverKey,
  yieldKey,
} from "../shared/idempotency.ts";
import { addJob, addJobs, eventJob, removeJob } from "../shared/jobs.ts";
import { commitAlong, orElse, type Pool, type Sql, transaction, type Tx } from "../shared/postgres.ts";
import { placedOutcome, toMessage } from "./messages.ts";
import { createNoteRows } from "./notes.ts";
import {
  type Attempt,
  type Change,
  type Draft,
  type FollowUp,
  followUp,
  followUpsOf,
  type Order,
  placingOrder,
  type Pricing,
} from "./order.ts";
import { type ListFilter, listStatement } from "./order_list.ts";
import { countSteps } from "./order_metrics.ts";
import { createPersonRepository } from "./person_repository.ts";
import { ORDER_COLUMNS, type OrderRow, toOrder } from "./order_rows.ts";
import { createShipmentRows } from "./shipment_rows.ts";

const SERVICE = "order";

/** How long stock is held for an order that nobody has paid yet. */
const HOLD = "15 minutes";

/** When a request that died is resumed: a little after its lease of the key ends. */
const RESUME_AFTER = "13 seconds";

/** An order is not as it was when its change was decided. */
class OrderMoved extends Error {}

export type Repository = ReturnType<typeof createRepository>;

/** The order service's SQL. Each method is one atomic change, with the jobs and events that follow it. */
export function createRepository(pool: Pool) {
  async function read(sql: Sql, id: string): Promise<Order | undefined> {
    const { rows: [row] } = await sql.query<OrderRow>({
      name: "order.find",
      text: `select ${ORDER_COLUMNS} from orders o where o.id = $1`,
      values: [id],
    });
    return row && toOrder(row);
  }

  /** Locks an order against every other change until the transaction ends. */
  async function lock(tx: Tx, id: string): Promise<Order | undefined> {
    const locked = tx.query({ name: "order.lock", text: "select from orders where id = $1 for update", values: [id] });
    // Read by a statement of its own, which sees what the lock was waited for; sent along with it.
    const [, order] = await Promise.all([locked, read(tx, id)]);
    return order;
  }

  async function addFollowUp(tx: Tx, { name, payload, ...options }: FollowUp): Promise<void> {
    await addJob(tx, SERVICE, name, payload, options);
  }

  /** Adds the job that finds out what became of a payment whose request has no answer, for when that must be over. */
  async function resolveLater(tx: Tx, order_id: string, payment_id: string, after = RESUME_AFTER): Promise<void> {
    const key = `resolve_payment:${payment_id}`;
    await addFollowUp(tx, { name: "resolve_payment", payload: { order_id, payment_id }, key, after });
  }

  /**
   * Writes what a decision changes of an order, with its history, jobs, events and what `also` adds; gives the order as
   * it is then. One that is not locked may have moved on: that throws `OrderMoved`.
   */
  async function apply(
    tx: Tx,
    order: Order,
    change: Change,
    by: string,
    { number, also, last = false }: {
      number?: number;
      also?: ((after: Order) => Promise<unknown>) | undefined;
      /** Whether the transaction ends with it. */
      last?: boolean;
    } = {},
  ): Promise<Order> {
    const status = change.moves.at(-1)?.to ?? order.status;
    const changed = tx.query({
      name: "order.change",
      text: `update orders set status = $2, payment_status = $3, keep_out = $4, number = coalesce($5, number),
               update_time = now(), version = version + case when status = 'placing' then 0 else 1 end
             where id = $1 and status = $6`,
      values: [
        order.id,
        status,
        change.payment_status ?? order.payment_status,
        change.keep_out ?? order.keep_out,
        number ?? null,
        order.status,
      ],
    });
    const restocked = change.returns && markRestocked(tx, order.id, change.returns.lines);
    // One after the other, but sent together.
    const steps = [changed, insertHistory(tx, order, change, by), restocked, read(tx, order.id)] as const;
    const [{ rowCount }, , , after] = await Promise.all(steps);
    if (!rowCount || !after) {
      throw new OrderMoved(`Cannot change order ${order.id} as it is no longer ${order.status}.`);
    }
    countSteps(tx, order, change);
    const events = change.events.map((type) => eventJob(type, after.store_id, toMessage(after)));
    const rest = Promise.all([addJobs(tx, SERVICE, [...followUpsOf(order.id, change), ...events]), also?.(after)]);
    if (last) commitAlong(tx);
    await rest;
    return after;
  }

  async function insertHistory(tx: Tx, order: Order, { moves }: Change, by: string): Promise<void> {
    if (moves.length === 0) return;
    const before = order.status === "placing" ? "" : order.status;
    const froms = moves.map((_move, index) => moves[index - 1]?.to ?? before);
    await tx.query({
      name: "order.insert_history",
      text: `insert into order_history (order_id, "from", "to", actor, reason)
             select $1, step."from", step."to", $5, step.reason
             from unnest($2::text[], $3::text[], $4::text[]) with ordinality as step ("from", "to", reason, position)
             order by step.position`,
      values: [order.id, froms, moves.map(({ to }) => to), moves.map(({ reason }) => reason), by],
    });
  }

  async function markRestocked(tx: Tx, order_id: string, lines: { id: string; quantity: number }[]): Promise<void> {
    await tx.query({
      name: "order.mark_restocked",
      text: `update order_items set restocked = restocked + line.quantity
             from unnest($2::uuid[], $3::int[]) as line (id, quantity)
             where order_items.order_id = $1 and order_items.id = line.id`,
      values: [order_id, lines.map(({ id }) => id), lines.map(({ quantity }) => quantity)],
    });
  }

  return {
    /** Runs several of the methods below as one change. */
    transaction: <T>(run: (tx: Tx) => Promise<T>): Promise<T> => transaction(pool, run),
    lock,
    apply,
    addFollowUp,

    ...createNoteRows(pool),
    ...createShipmentRows(pool),
    ...createPersonRepository(pool),

    find: (id: string): Promise<Order | undefined> => read(pool, id),

    /** A page of orders in one statement, and one row more to tell whether there is another page. */
    async list(filter: ListFilter): Promise<Order[]> {
      const { rows } = await pool.query<OrderRow>(listStatement(filter, "page"));
      return rows.map(toOrder);
    },

    async count(filter: ListFilter): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>(listStatement(filter, "count"));
      return row?.total ?? 0;
    },

    /** Claims the key and, if it is ours, writes the draft and the job that resumes it should this process die. */
    begin(request: KeyedRequest, draft: Draft): Promise<Claim> {
      return transaction(pool, async (tx) => {
        const claim = await claimKey(tx, request);
        if (claim.state !== "claimed") return claim;
        const inserted = tx.query({
          name: "order.insert",
          text: `insert into orders (id, store_id, user_id, guest_hash, email, shipping_address, billing_address, note)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)`,
          values: [
            draft.id,
            draft.store_id,
            draft.user_id ?? null,
            draft.user_id ? null : draft.guest_hash,
            draft.email,
            JSON.stringify(draft.shipping_address),
            draft.billing_address ? JSON.stringify(draft.billing_address) : null,
            draft.note ?? null,
          ],
        });
        const resumed = addFollowUp(tx, followUp("resume_order", draft.id, { after: RESUME_AFTER }));
        commitAlong(tx);
        await Promise.all([inserted, resumed]);
        return claim;
      });
    },

    /**
     * Takes a cart for an order that is being placed, with its lines and prices, and sets the end of its hold by the
     * database's clock. Throws `cart_ordered` if another order took the cart.
     */
    async takeCart(
      draft: Draft,
      cart_id: string,
      guest_expire_time: Date | undefined,
      priced: Pricing,
    ): Promise<Order> {
      const { items, tax, totals, currency } = priced;
      const { rows: [taken] } = await orElse(
        pool.query<{ expire_time: Date; create_time: Date; version: number }>({
          name: "order.take_cart",
          text: `with taken as (
                   update orders set cart_id = $2, guest_expire_time = $3, currency = $4, tax_included = $5,
                     subtotal = $6, discount = $7, shipping = $8, tax = $9, total = $10,
                     expire_time = now() + interval '${HOLD}'
                   where id = $1 and status = 'placing' and cart_id is null
                   returning id, expire_time, create_time, version
                 ), lines as (
                   insert into order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
                     unit_price, tax_rate_bp, tax_included, tax, total)
                   select line.id, taken.id, line.position, line.product_id, line.variant_id, line.sku, line.name, $4,
                     line.quantity, line.unit_price, $11, $5, line.tax, line.total
                   from taken, jsonb_to_recordset($12) as line (id uuid, position int, product_id uuid, variant_id uuid,
                     sku text, name text, quantity int, unit_price bigint, tax bigint, total bigint)
                 )
                 select expire_time, create_time, version from taken`,
          values: [
            draft.id,
            cart_id,
            guest_expire_time ?? null,
            currency,
            tax.included,
            totals.subtotal.amount,
            totals.discount.amount,
            totals.shipping.amount,
            totals.tax.amount,
            totals.total.amount,
            tax.rate_bp,
            JSON.stringify(items.map((item, position) => ({ ...item, position }))),
          ],
        }),
        { one_order_per_cart: () => conflict("cart_ordered", "This cart was ordered already.") },
      );
      if (!taken) throw new Error(`Cannot take a cart for order ${draft.id} as it must be placing.`);
      return placingOrder(draft, cart_id, guest_expire_time, priced, taken);
    },

    /** The store's next order number. Taken by itself, so that orders of one store don't wait for each other. */
    async nextNumber(store_id: string): Promise<number> {
      const { rows: [row] } = await pool.query<{ last_number: number }>({
        name: "order.next_number",
        text: `insert into order_numbers as n (store_id, last_number) values ($1, 1001)
               on conflict (store_id) do update set last_number = n.last_number + 1 returning last_number`,
        values: [store_id],
      });
      if (!row) throw new Error("Cannot number an order as the counter must answer.");
      return row.last_number;
    },

    /** Opens a placed order; with `final` its answer is stored under the key. One that is open already stays as it is. */
    async open(placing: Order, number: number, change: Change, by: string, final: boolean): Promise<Order> {
      const also = final ? finishPlacing : undefined;
      try {
        return await transaction(
          pool,
          (tx) => apply(tx, placing, change, by, { number, also: also && ((order) => also(tx, order)), last: true }),
        );
      } catch (error) {
        const opened = error instanceof OrderMoved ? await read(pool, placing.id) : undefined;
        if (!opened) throw error;
        if (also) await transaction(pool, (tx) => also(tx, opened));
        return opened;
      }
    },

    /** Stores the answer of the request that placed an order, as the order is now. */
    finish(order: Order): Promise<void> {
      return transaction(pool, (tx) => finishPlacing(tx, order));
    },

    /**
     * Forgets an order that came to nothing, with the job that undoes what it did, if it did something. A refusal stays
     * under the key; without one the key is free.
     */
    forget(id: string, refusal: NanoError | undefined, undo?: FollowUp): Promise<void> {
      return transaction(pool, async (tx) => {
        const { rowCount } = await tx.query({
          name: "order.forget",
          text: "delete from orders where id = $1 and status = 'placing'",
          values: [id],
        });
        if (!rowCount) return;
        if (refusal) await finishKey(tx, id, { error: refusal });
        else await dropKey(tx, id);
        await removeJob(tx, SERVICE, `resume_order:${id}`);
        if (undo) await addFollowUp(tx, undo);
      });
    },

    /** Leaves an order that is half placed to the job, and to whoever sends the key again, at once. */
    handOver(id: string): Promise<void> {
      return transaction(pool, async (tx) => {
        await yieldKey(tx, id);
        await addFollowUp(tx, followUp("resume_order", id, {}));
      });
    },

    yieldKey: (resource_id: string): Promise<void> => yieldKey(pool, resource_id),
    takeOverKey: (resource_id: string): Promise<boolean> => takeOverKey(pool, resource_id),
    claimKey,
    finishKey: (sql: Tx | undefined, id: string, outcome: Outcome) => finishKey(sql ?? pool, id, outcome),
    dropKey: (sql: Tx, id: string) => dropKey(sql, id),
    reapKeys: () => reapKeys(pool),

    /** Takes back a job whose work was done at once. */
    doneAtOnce: (key: string): Promise<void> => removeJob(pool, SERVICE, key),

    /** Writes the intent to pay, before anybody is asked for money, and commits. */
    async insertAttempt(tx: Tx, order_id: string, attempt: Omit<Attempt, "create_time">): Promise<void> {
      const inserted = tx.query({
        name: "order.insert_attempt",
        text:
          `insert into payment_attempts (order_id, attempt, payment_id, method, amount) values ($1, $2, $3, $4, $5)`,
        values: [order_id, attempt.attempt, attempt.payment_id, attempt.method, attempt.amount],
      });
      const resolved = resolveLater(tx, order_id, attempt.payment_id);
      commitAlong(tx);
      await Promise.all([inserted, resolved]);
    },

    resolveLater,
    /** Takes back that job, now that it is known what became of the payment. */
    resolved: (tx: Tx, payment_id: string): Promise<void> => removeJob(tx, SERVICE, `resolve_payment:${payment_id}`),
    /** Takes back the job that would have ended the order, now that it is paid for good. */
    neverExpires: (tx: Tx, order_id: string): Promise<void> => removeJob(tx, SERVICE, `expire_order:${order_id}`),

    async updateAttempt(tx: Tx, attempt: Attempt): Promise<void> {
      await tx.query({
        name: "order.update_attempt",
        text: `update payment_attempts set state = $2, captured_amount = $3, refunded_amount = $4, failure_code = $5
               where payment_id = $1`,
        values: [
          attempt.payment_id,
          attempt.state,
          attempt.captured_amount,
          attempt.refunded_amount,
          attempt.failure_code,
        ],
      });
    },

    /** Whether a refund's goods were not yet put back. From now on they were. */
    async isNewRefund(tx: Tx, order_id: string, refund_id: string): Promise<boolean> {
      const { rowCount } = await tx.query({
        name: "order.record_refund",
        text: "insert into recorded_refunds (refund_id, order_id) values ($1, $2) on conflict do nothing",
        values: [refund_id, order_id],
      });
      return rowCount === 1;
    },
  };

  async function finishPlacing(tx: Tx, order: Order): Promise<void> {
    await Promise.all([
      finishKey(tx, order.id, placedOutcome(order)),
      removeJob(tx, SERVICE, `resume_order:${order.id}`),
    ]);
  }
}
