import type { NanoError } from "../shared/errors.ts";
import { dropKey, finishKey, type Outcome, reapKeys, takeOverKey, yieldKey } from "../shared/idempotency.ts";
import { addJob, addJobs, eventJob, removeJob } from "../shared/jobs.ts";
import { collect, onCommit, type Pool, single, type Sql, transaction, type Tx } from "../shared/postgres.ts";
import { afterChange, stepsOf } from "./after_change.ts";
import { createAttemptRepository } from "./attempt_repository.ts";
import { changeStatement } from "./change_statement.ts";
import { placedOutcome, toMessage } from "./messages.ts";
import { createNoteRepository } from "./note_repository.ts";
import { type Attempt, type Change, type FollowUp, followUp, followUpsOf, type Order } from "./order.ts";
import { countStatement, type ListFilter, listStatement } from "./order_list.ts";
import { countSteps } from "./order_metrics.ts";
import { ORDER_COLUMNS, type OrderRow, toOrder } from "./order_rows.ts";
import { createPersonRepository } from "./person_repository.ts";
import { createPlacingRepository } from "./placing_repository.ts";
import { createShipmentRepository } from "./shipment_repository.ts";

const SERVICE = "order";

/** An order is not as it was when its change was decided. */
class OrderMoved extends Error {}

/** What a change brings along, beside its history, jobs and events. */
export interface Along {
  /** The number of an order that opens. */
  number?: number;
  /** What one of its payments is from now on. */
  attempt?: Attempt;
  /** The outcome of the request whose key has this resource. */
  key?: { resource_id: string; outcome: (after: Order) => Outcome } | undefined;
  /** The keys of jobs that are taken back. */
  done?: string[];
}

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

  /**
   * Writes what a decision changes of an order, with its history, jobs, events and what comes along, by one statement;
   * gives the order as it is then. Where it has moved on nothing is written: that throws `OrderMoved`. Without a
   * transaction the statement is one of its own.
   */
  async function apply(
    tx: Tx | undefined,
    before: Order,
    change: Change,
    by: string,
    along: Along = {},
  ): Promise<Order> {
    const { number, attempt, key, done = [] } = along;
    const steps = stepsOf(before, change, by);
    const after = afterChange(before, change, steps, number);
    const events = change.events.map((type) => eventJob(type, after.store_id, toMessage(after)));
    const { parts, works } = await collect(async (parts) => {
      countSteps(parts, before, change);
      await addJobs(parts, SERVICE, [...followUpsOf(before.id, change), ...events]);
      for (const job of done) await removeJob(parts, SERVICE, job);
    });
    const outcome = key && { resource_id: key.resource_id, outcome: key.outcome(after) };
    const statement = changeStatement(before, after, steps, change, { parts, attempt, key: outcome });
    const { rowCount } = await (tx ? tx.query(statement) : single(pool, (sql) => sql.query(statement)));
    if (!rowCount) throw new OrderMoved(`Cannot change order ${before.id} as it is no longer as it was.`);
    for (const work of works) tx ? onCommit(tx, work) : work();
    return after;
  }

  /** The same by itself; undefined where the order has moved on. */
  async function applyUnlessMoved(
    before: Order,
    change: Change,
    by: string,
    along?: Along,
  ): Promise<Order | undefined> {
    try {
      return await apply(undefined, before, change, by, along);
    } catch (error) {
      if (error instanceof OrderMoved) return undefined;
      throw error;
    }
  }

  return {
    /** Runs several of the methods below as one change. */
    transaction: <T>(run: (tx: Tx) => Promise<T>): Promise<T> => transaction(pool, run),
    lock,
    apply,
    applyUnlessMoved,
    addFollowUp,

    ...createPlacingRepository(pool),
    ...createAttemptRepository(pool),
    ...createNoteRepository(pool),
    ...createShipmentRepository(pool),
    ...createPersonRepository(pool),

    find: (id: string): Promise<Order | undefined> => read(pool, id),

    /** A page of orders in one statement, and one row more to tell whether there is another page. */
    async list(filter: ListFilter): Promise<Order[]> {
      const { rows } = await pool.query<OrderRow>(listStatement(filter));
      return rows.map(toOrder);
    },

    async count(filter: ListFilter): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>(countStatement(filter));
      return row?.total ?? 0;
    },

    /** How many orders of a store have which status. */
    async counts(store_id: string): Promise<Record<string, number>> {
      const { rows } = await pool.query<{ status: string; orders: number }>({
        name: "order.counts",
        text: `select status, sum(orders)::bigint as orders from order_counts where store_id = $1
               group by status having sum(orders) <> 0`,
        values: [store_id],
      });
      return Object.fromEntries(rows.map((row) => [row.status, row.orders]));
    },

    /** Opens a placed order; with `final` its answer is stored under the key. One that is open already stays as it is. */
    async open(placing: Order, number: number, change: Change, by: string, final: boolean): Promise<Order> {
      const done = [resuming(placing.id)];
      const key = { resource_id: placing.id, outcome: placedOutcome };
      const opened = await applyUnlessMoved(placing, change, by, { number, ...(final ? { key, done } : {}) });
      if (opened) return opened;
      const found = await read(pool, placing.id);
      if (!found) throw new Error(`Cannot open order ${placing.id} as it is gone.`);
      if (final) await transaction(pool, (tx) => finishPlacing(tx, found));
      return found;
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
        await removeJob(tx, SERVICE, resuming(id));
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
    finishKey: (sql: Tx | undefined, id: string, outcome: Outcome) => finishKey(sql ?? pool, id, outcome),
    dropKey: (sql: Tx, id: string) => dropKey(sql, id),
    reapKeys: () => reapKeys(pool),

    /** Takes back a job whose work was done. */
    removeJob: (key: string, sql: Sql = pool): Promise<void> => removeJob(sql, SERVICE, key),
  };

  async function finishPlacing(tx: Tx, order: Order): Promise<void> {
    await Promise.all([
      finishKey(tx, order.id, placedOutcome(order)),
      removeJob(tx, SERVICE, resuming(order.id)),
    ]);
  }
}

/** The key of the job that resumes an order whose request died. */
function resuming(order_id: string): string {
  return followUp("resume_order", order_id).key;
}
