import type { ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { listAudit } from "../shared/audit.ts";
import { addJob, emitEvent, removeJob } from "../shared/jobs.ts";
import { type Pool, type Sql, transaction, type Tx } from "../shared/postgres.ts";
import type { Operation } from "./operation.ts";
import type { Payment } from "./payment.ts";
import type { Refund, RefundLine, Returned } from "./refund.ts";
import { createCallRepository } from "./call_repository.ts";
import { createLedgerRepository } from "./ledger_repository.ts";
import { createMoveRepository, one, PAYMENT } from "./move_repository.ts";
import { createPersonRepository } from "./person_repository.ts";
import { createWebhookEventRepository } from "./webhook_event_repository.ts";

export interface PaymentFilter {
  store_id: string;
  order_id: string | null;
  status: string | null;
}

const REFUND =
  `r.id, r.payment_id, p.order_id, r.status, r.amount, p.currency, r.reason, r.restock, r.failure_code, r.create_time,
  coalesce((select jsonb_agg(jsonb_build_object('id', l.line_id, 'quantity', l.quantity) order by l.position)
            from refund_lines l where l.refund_id = r.id), '[]') as items
  from refunds r join payments p on p.id = r.payment_id`;

const OPERATION = "id, payment_id, kind, status, amount, failure_code";

const MATCHES = "store_id = $1 and ($2::uuid is null or order_id = $2) and ($3::text is null or status = $3)";

export type Repository = ReturnType<typeof createRepository>;

/** The payment service's SQL. Methods that write take the transaction that they are part of. */
export function createRepository(pool: Pool) {
  return {
    transaction: <T>(run: (tx: Tx) => Promise<T>): Promise<T> => transaction(pool, run),

    ...createMoveRepository(pool),

    find: (id: string) => one<Payment>(pool, "find", `select ${PAYMENT} from payments where id = $1`, [id]),

    findAttempt: (order_id: string, attempt: number) =>
      one<Payment>(pool, "find_attempt", `select ${PAYMENT} from payments where order_id = $1 and attempt = $2`, [
        order_id,
        attempt,
      ]),

    /** The payment that keeps an order from having another. */
    findBlocking: (order_id: string) =>
      one<Payment>(
        pool,
        "find_blocking",
        `select ${PAYMENT} from payments where order_id = $1 and status not in ('declined', 'voided')`,
        [order_id],
      ),

    /** Reads a payment and keeps others from changing it until the transaction ends: its refunds queue here. */
    lock: (tx: Tx, id: string) =>
      one<Payment>(tx, "lock", `select ${PAYMENT} from payments where id = $1 for update`, [id]),

    async listOfOrder(order_id: string): Promise<Payment[]> {
      const { rows } = await pool.query<Payment>({
        name: "payment.list_of_order",
        text: `select ${PAYMENT} from payments where order_id = $1 order by attempt`,
        values: [order_id],
      });
      return rows;
    },

    /** Payments of a store, newest first, from after a place in the list; one more than the page holds. */
    async list(
      filter: PaymentFilter,
      after: { create_time: string; id: string } | undefined,
      limit: number,
    ): Promise<Payment[]> {
      const { rows } = await pool.query<Payment>({
        text: `select ${PAYMENT} from payments
               where ${MATCHES} and ($4::timestamptz is null or (create_time, id) < ($4, $5::uuid))
               order by create_time desc, id desc limit $6`,
        values: [
          filter.store_id,
          filter.order_id,
          filter.status,
          after?.create_time ?? null,
          after?.id ?? null,
          limit + 1,
        ],
      });
      return rows;
    },

    async count(filter: PaymentFilter): Promise<number> {
      const { rows } = await pool.query<{ total: number }>({
        text: `select count(*) as total from payments where ${MATCHES}`,
        values: [filter.store_id, filter.order_id, filter.status],
      });
      return rows[0]?.total ?? 0;
    },

    /** How many payments wait for staff or the provider, each up to 1,000: a short walk along the index by status. */
    async waitingCounts(store_id: string): Promise<{ authorized: number; unknown: number }> {
      const upTo = (status: string) =>
        `(select count(*)::int from (select from payments where store_id = $1 and status = '${status}' limit 1000) few)`;
      const { rows } = await pool.query<{ authorized: number; unknown: number }>({
        name: "payment.waiting_counts",
        text: `select ${upTo("authorized")} as authorized, ${upTo("unknown")} as unknown`,
        values: [store_id],
      });
      return rows[0] ?? { authorized: 0, unknown: 0 };
    },

    listAudit: (request: ListAuditRequest) => listAudit(pool, request),

    /** Marks an order's payments, but those that came to nothing, as to be let go of. */
    async requestCancel(tx: Tx, order_id: string, reason: string): Promise<Payment[]> {
      const { rows } = await tx.query<Payment>({
        name: "payment.request_cancel",
        text:
          `update payments set cancel_requested = true, cancel_reason = coalesce(cancel_reason, $2), update_time = now(), version = version + 1
               where order_id = $1 and status not in ('declined', 'voided', 'refunded') returning ${PAYMENT}`,
        values: [order_id, reason],
      });
      return rows;
    },

    /** Writes a capture or void that is to be done; false if another one of the payment is under way. */
    async insertOperation(
      tx: Tx,
      operation: Pick<Operation, "id" | "payment_id" | "kind" | "amount">,
    ): Promise<boolean> {
      const { rowCount } = await tx.query({
        name: "payment.insert_operation",
        text: `insert into payment_operations (id, payment_id, kind, amount) values ($1, $2, $3, $4)
               on conflict do nothing`,
        values: [operation.id, operation.payment_id, operation.kind, operation.amount],
      });
      return rowCount === 1;
    },

    findOperation: (id: string) =>
      one<Operation>(pool, "find_operation", `select ${OPERATION} from payment_operations where id = $1`, [id]),

    /** The capture or void of a payment that has not ended. */
    findPendingOperation: (payment_id: string) =>
      one<Operation>(
        pool,
        "find_pending_operation",
        `select ${OPERATION} from payment_operations where payment_id = $1 and status = 'pending'`,
        [payment_id],
      ),

    /** Ends a capture or void: well without a failure code; undefined if it has ended before. */
    finishOperation: (tx: Tx, id: string, failure_code: string | null) =>
      one<Operation>(
        tx,
        "finish_operation",
        `update payment_operations set status = case when $2::text is null then 'succeeded' else 'failed' end,
           failure_code = $2, update_time = now() where id = $1 and status = 'pending' returning ${OPERATION}`,
        [id, failure_code],
      ),

    /** Sets an amount aside for a refund; undefined if there is not so much left. */
    reserveRefund: (tx: Tx, id: string, amount: number) =>
      one<Payment>(
        tx,
        "reserve_refund",
        `update payments set refunding_amount = refunding_amount + $2, update_time = now(), version = version + 1
         where id = $1 and status in ('captured', 'partially_refunded') and refunded_amount + refunding_amount + $2 <= captured_amount
         returning ${PAYMENT}`,
        [id, amount],
      ),

    /** Counts an amount that was set aside as gone back. */
    applyRefund: (tx: Tx, id: string, amount: number) =>
      one<Payment>(
        tx,
        "apply_refund",
        `update payments set refunded_amount = refunded_amount + $2, refunding_amount = refunding_amount - $2,
           status = case when refunded_amount + $2 = captured_amount then 'refunded' else 'partially_refunded' end,
           update_time = now(), version = version + 1
         where id = $1 returning ${PAYMENT}`,
        [id, amount],
      ),

    /** Frees an amount that was set aside. */
    releaseRefund: (tx: Tx, id: string, amount: number) =>
      one<Payment>(
        tx,
        "release_refund",
        `update payments set refunding_amount = refunding_amount - $2, update_time = now(), version = version + 1
         where id = $1 returning ${PAYMENT}`,
        [id, amount],
      ),

    async insertRefund(
      tx: Tx,
      refund: Pick<Refund, "id" | "payment_id" | "amount" | "reason" | "restock"> & {
        items: RefundLine[];
        reference?: string;
      },
    ): Promise<void> {
      await tx.query({
        name: "payment.insert_refund",
        text: `insert into refunds (id, payment_id, amount, reason, restock, provider_reference)
               values ($1, $2, $3, $4, $5, $6)`,
        values: [refund.id, refund.payment_id, refund.amount, refund.reason, refund.restock, refund.reference ?? null],
      });
      if (refund.items.length === 0) return;
      await tx.query({
        name: "payment.insert_refund_lines",
        text: `insert into refund_lines (refund_id, line_id, quantity, amount, position)
               select $1, line_id, quantity, amount, position
               from unnest($2::uuid[], $3::int[], $4::bigint[]) with ordinality as items(line_id, quantity, amount, position)`,
        values: [
          refund.id,
          refund.items.map((item) => item.id),
          refund.items.map((item) => item.quantity),
          refund.items.map((item) => item.amount),
        ],
      });
    },

    /** Whether a refund that was given at the provider itself has been entered. */
    async knowsProviderRefund(tx: Tx, reference: string): Promise<boolean> {
      const text = "select from refunds where provider_reference = $1";
      return (await tx.query({ name: "payment.knows_provider_refund", text, values: [reference] })).rowCount === 1;
    },

    findRefund: (id: string, sql: Sql = pool) =>
      one<Refund>(sql, "find_refund", `select ${REFUND} where r.id = $1`, [id]),

    async listRefunds(payment_id: string): Promise<Refund[]> {
      const { rows } = await pool.query<Refund>({
        name: "payment.list_refunds",
        text: `select ${REFUND} where r.payment_id = $1 order by r.create_time, r.id`,
        values: [payment_id],
      });
      return rows;
    },

    /** How often the provider refused to give back what a payment holds. */
    async countFailedRefunds(tx: Tx, payment_id: string): Promise<number> {
      const text = "select count(*)::int as failed from refunds where payment_id = $1 and status = 'failed'";
      const name = "payment.count_failed_refunds";
      const { rows } = await tx.query<{ failed: number }>({ name, text, values: [payment_id] });
      return rows[0]?.failed ?? 0;
    },

    /** What of each line went back, or is on its way. */
    async returnedLines(tx: Tx, payment_id: string): Promise<Map<string, Returned>> {
      const { rows } = await tx.query<Returned & { line_id: string }>({
        name: "payment.returned_lines",
        text: `select line_id, sum(quantity)::int as quantity, coalesce(sum(l.amount), 0)::bigint as amount,
                 coalesce(sum(quantity) filter (where l.amount is null), 0)::int as unpriced
               from refund_lines l join refunds on refunds.id = refund_id
               where payment_id = $1 and status <> 'failed' group by line_id`,
        values: [payment_id],
      });
      return new Map(rows.map(({ line_id, ...returned }) => [line_id, returned]));
    },

    /** Ends a refund; false if it has ended before. */
    async finishRefund(
      tx: Tx,
      id: string,
      status: "succeeded" | "failed",
      failure_code: string | null,
    ): Promise<boolean> {
      const { rowCount } = await tx.query({
        name: "payment.finish_refund",
        text:
          "update refunds set status = $2, failure_code = $3, update_time = now() where id = $1 and status = 'pending'",
        values: [id, status, failure_code],
      });
      return rowCount === 1;
    },

    ...createCallRepository(pool),
    ...createWebhookEventRepository(pool),
    ...createPersonRepository(pool),
    ...createLedgerRepository(),

    /** How a store takes payments. */
    async captureMode(store_id: string): Promise<"automatic" | "manual"> {
      const { rows } = await pool.query<{ capture: "automatic" | "manual" }>({
        name: "payment.capture_mode",
        text: "select capture from payment_settings where store_id = $1",
        values: [store_id],
      });
      return rows[0]?.capture ?? "automatic";
    },

    async setCaptureMode(tx: Tx, store_id: string, capture: string): Promise<void> {
      await tx.query({
        name: "payment.set_capture_mode",
        text: `insert into payment_settings (store_id, capture) values ($1, $2)
               on conflict (store_id) do update set capture = excluded.capture, update_time = now()`,
        values: [store_id, capture],
      });
    },

    /** The payment of a charge, by our key of it or by the provider's. */
    findCharge: (method: string, key: string | null, reference: string | null) =>
      one<Payment>(
        pool,
        "find_charge",
        `select ${PAYMENT} from payments where provider_key = $2 and method = $1
         union all
         select ${PAYMENT} from payments where provider_reference = $3 and method = $1 limit 1`,
        [method, key, reference],
      ),

    addJob: (tx: Tx, name: string, payload: unknown, options?: Parameters<typeof addJob>[4]) =>
      addJob(tx, "payment", name, payload, options),

    removeJob: (tx: Tx, key: string) => removeJob(tx, "payment", key),

    emit: (tx: Tx, type: string, store_id: string, data: unknown) => emitEvent(tx, "payment", type, store_id, data),
  };
}
