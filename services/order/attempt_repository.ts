import { conflict } from "../shared/errors.ts";
import { CLAIM_KEY, claimValues, type KeyedRequest } from "../shared/idempotency.ts";
import { addJobs } from "../shared/jobs.ts";
import { binding, embed } from "../shared/parts.ts";
import { collect, orElse, type Pool, single, type Tx } from "../shared/postgres.ts";
import type { Attempt, FollowUp, Order } from "./order.ts";
import { RESUME_AFTER } from "./placing_repository.ts";

/** The statements on tries to pay. */
export function createAttemptRepository(pool: Pool) {
  return {
    /**
     * Writes the intent to pay an order, before anybody is asked for money: with the client's key, if it has one of its
     * own, and the job that finds out what became of it should its request have no answer. False where the order is not as
     * it was when this was decided, or the key is known. Throws `payment_in_progress`.
     */
    async intend(order: Order, attempt: Attempt, keyed?: KeyedRequest): Promise<boolean> {
      const { parts } = await collect((tx) => addJobs(tx, "order", [resolving(order.id, attempt.payment_id)]));
      const { values, bind } = binding(keyed ? claimValues(keyed) : []);
      const { payment_id, method, amount } = attempt;
      // Whoever changes the order waits, and then finds the payment that is under way.
      const text = `with found as (
          select id from orders where id = ${bind(order.id)} and version = ${bind(order.version)} for no key update
        ), ${keyed ? `claimed as (${CLAIM_KEY} from found on conflict do nothing returning resource_id),` : ""}
        intended as (
          insert into payment_attempts (order_id, attempt, payment_id, method, amount)
          select found.id, ${bind(attempt.attempt)}, ${bind(payment_id)}, ${bind(method)}, ${bind(amount)}
          from found${keyed ? ", claimed" : ""} returning 1
        )
        select true${embed(parts, bind, "intended")} from intended`;
      const taken = () => conflict("payment_in_progress", "A payment of this order is under way.");
      const { rowCount } = await orElse(
        single(pool, (sql) => sql.query({ name: keyed ? "order.intend.key" : "order.intend", text, values })),
        { payment_in_progress: taken, payment_attempts_pkey: taken },
      );
      return rowCount === 1;
    },

    /** Adds the job that finds out what became of a payment whose request has no answer, for when that must be over. */
    resolveLater: (order_id: string, payment_id: string, after?: string): Promise<void> =>
      addJobs(pool, "order", [resolving(order_id, payment_id, after)]),

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
}

/** The job that finds out what became of a payment. */
export function resolving(order_id: string, payment_id: string, after = RESUME_AFTER): FollowUp {
  return { name: "resolve_payment", payload: { order_id, payment_id }, key: `resolve_payment:${payment_id}`, after };
}
