import { RefundPaymentResponse } from "../../proto/gen/nano/payment/v1/payment.ts";
import { decodeIdCursor, toPage } from "../shared/pagination.ts";
import { ERASED, eraseJobs } from "../shared/person.ts";
import { type Pool, transaction, type Tx } from "../shared/postgres.ts";

const PAGE = 500;
const FIRST = "00000000-0000-0000-0000-000000000000";

/** The statements on all payments of one person. Amounts and the ledger stay as they are. */
export function createPersonRepository(pool: Pool) {
  return {
    /** A page of a person's payments, and of those of these orders, with their refunds. */
    async exportPerson(user_id: string, order_ids: string[], cursor: string | undefined) {
      const { rows } = await pool.query<{ id: string; payment: unknown }>({
        name: "payment.export_person",
        text: `select p.id, jsonb_build_object('id', p.id, 'order_id', p.order_id, 'store_id', p.store_id,
                 'method', p.method, 'status', p.status, 'currency', p.currency, 'amount', p.amount,
                 'captured_amount', p.captured_amount, 'refunded_amount', p.refunded_amount,
                 'failure_code', p.failure_code, 'provider_reference', p.provider_reference,
                 'create_time', p.create_time, 'refunds', coalesce((
                   select jsonb_agg(jsonb_build_object('id', r.id, 'status', r.status, 'amount', r.amount,
                     'reason', r.reason, 'create_time', r.create_time) order by r.id)
                   from refunds r where r.payment_id = p.id), '[]')) as payment
               from payments p where (p.user_id = $1 or p.order_id = any($3::uuid[])) and p.id > $2
               order by p.id limit ${PAGE + 1}`,
        values: [user_id, cursor === undefined ? FIRST : decodeIdCursor(cursor), order_ids],
      });
      return toPage(rows, PAGE, ({ id }) => [id]);
    },

    /** Takes a person out of the payments of these orders, and of those that are the person's. */
    erasePerson: (user_id: string, order_ids: string[]): Promise<void> =>
      transaction(pool, async (tx) => {
        const { rows } = await tx.query<{ id: string }>({
          name: "payment.erase_payments",
          text: `update payments set token = null, cancel_reason = case when cancel_reason is not null then $3 end
                 where user_id = $1 or order_id = any($2::uuid[]) returning id`,
          values: [user_id, order_ids, ERASED],
        });
        const ids = rows.map(({ id }) => id);
        await tx.query({
          name: "payment.erase_refunds",
          text: "update refunds set reason = $2 where payment_id = any($1::uuid[]) and reason <> $2",
          values: [ids, ERASED],
        });
        await eraseAnswers(tx, ids);
        await eraseJobs(tx, "payment", ids);
      }),
  };
}

/** A refund's answer is kept under its key for a day, so that it is not paid twice: it stays, without the reason. */
async function eraseAnswers(tx: Tx, payment_ids: string[]): Promise<void> {
  const { rows } = await tx.query<{ resource_id: string; answer: Uint8Array }>({
    name: "payment.person_answers",
    text: `select k.resource_id, k.answer from idempotency_keys k join refunds r on r.id = k.resource_id
           where r.payment_id = any($1::uuid[]) and k.answer is not null`,
    values: [payment_ids],
  });
  for (const { resource_id, answer } of rows) {
    const { refund, ...rest } = RefundPaymentResponse.decode(answer);
    if (!refund || refund.reason === ERASED) continue;
    await tx.query({
      name: "payment.erase_answer",
      text: "update idempotency_keys set answer = $2 where resource_id = $1",
      values: [resource_id, RefundPaymentResponse.encode({ ...rest, refund: { ...refund, reason: ERASED } }).finish()],
    });
  }
}
