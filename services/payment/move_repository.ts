import { newId } from "../shared/ids.ts";
import { type Bind, binding, embed, nameWith } from "../shared/parts.ts";
import { type collect, type Pool, sayWhoActs, single, type Sql, transaction, type Tx } from "../shared/postgres.ts";
import { type PayableLine, type Payment, providerKey, sourcesOf } from "./payment.ts";

/** What the order service asks for. */
export interface Intent {
  id: string;
  order_id: string;
  store_id: string;
  attempt: number;
  method: string;
  currency: string;
  amount: number;
  token: string;
  lines: PayableLine[];
  user_id: string | null;
  guest_hash: string | null;
}

/** What a payment becomes. */
export type Outcome = Pick<Payment, "status" | "captured_amount" | "failure_code">;

/** What goes along with a change, in one statement: others, and what is to run once that is committed. */
export type Along = Awaited<ReturnType<typeof collect>>;

export const PAYMENT =
  `id, order_id, store_id, attempt, method, status, currency, amount, captured_amount, refunded_amount, refunding_amount,
  failure_code, provider_key, provider_reference, capture, token, lines, user_id, guest_hash, cancel_requested, cancel_reason, create_time`;

/** Runs a statement; gives its first row. */
export async function one<T extends object>(
  sql: Sql,
  name: string,
  text: string,
  values: unknown[],
): Promise<T | undefined> {
  return (await sql.query<T>({ name: `payment.${name}`, text, values })).rows[0];
}

/** The statements that write a payment's intent, and what becomes of it with what follows: each all of a transaction. */
export function createMoveRepository(pool: Pool) {
  /** Runs one statement as a transaction of its own: a change `name`d so that gives a payment, and what goes along with it. */
  async function together(
    run: typeof single,
    name: string,
    change: string,
    { parts, works }: Along,
    text: (bind: Bind) => string,
  ): Promise<Payment | undefined> {
    const { values, bind } = binding();
    const whole = `with acting as materialized (${sayWhoActs(bind)}), ${text(bind)}
      select ${PAYMENT}${embed(parts, bind, change)} from ${change}`;
    const statement = { name: nameWith(`payment.${name}`, parts), text: whole, values };
    const { rows: [payment] } = await run(pool, (sql) => sql.query<Payment>(statement));
    for (const work of payment ? works : []) work();
    return payment;
  }

  return {
    /**
     * Writes a payment's intent, and the jobs with it. Undefined, and nothing is written, if the id, the attempt, or
     * another payment of the order stands in the way.
     */
    insert: (intent: Intent, along: Along) =>
      // By a transaction, which ends in time: later the order would take the payment for one that never came to be.
      together(transaction, "insert", "intended", along, (bind) =>
        `intended as (
          insert into payments (id, order_id, store_id, attempt, method, currency, amount, provider_key, token, lines,
            user_id, guest_hash, capture)
          select ${
          [
            intent.id,
            intent.order_id,
            intent.store_id,
            intent.attempt,
            intent.method,
            intent.currency,
            intent.amount,
            providerKey(intent.order_id, intent.attempt),
            intent.token || null,
            JSON.stringify(intent.lines),
            intent.user_id,
            intent.guest_hash,
          ].map(bind).join(", ")
        },
            coalesce((select capture from payment_settings where store_id = ${bind(intent.store_id)}), 'automatic')
          from acting on conflict do nothing returning ${PAYMENT}
        )`),

    /**
     * Moves a payment, if its status allows that, with what follows; undefined, and nothing is written, if it does not
     * move, or no more, or if its order is off.
     */
    moveAlong: (id: string, to: Outcome, along: Along) =>
      together(
        single,
        "move",
        "moved",
        along,
        (bind) => moving("from acting", "and not cancel_requested", id, to, bind),
      ),

    /** Moves a payment within a transaction, if its status allows that; undefined if it does not, or no more. */
    move(tx: Tx, id: string, to: Outcome): Promise<Payment | undefined> {
      const { values, bind } = binding();
      return one<Payment>(tx, "move_only", `with ${moving("", "", id, to, bind)} select ${PAYMENT} from moved`, values);
    },
  };
}

/** The move of a payment, and the entry of what was captured in the ledger. */
function moving(from: string, condition: string, id: string, to: Outcome, bind: Bind): string {
  const status = bind(to.status);
  return `moved as (
      update payments set status = ${status}, captured_amount = ${bind(to.captured_amount)},
        failure_code = ${bind(to.failure_code)}, token = case when ${status} = 'unknown' then token end,
        update_time = now(), version = version + 1
      ${from} where id = ${bind(id)} and status = any(${bind(sourcesOf(to.status))}) ${condition} returning ${PAYMENT}
    ), entry as (
      insert into ledger_transactions (id, kind, payment_id)
      select ${bind(newId())}, 'capture', id from moved where captured_amount > 0 returning id
    ), posted as (
      insert into ledger_postings (transaction_id, account, amount, currency)
      select entry.id, account, posting.amount, currency from entry, moved, lateral (values
        ('provider:' || method, captured_amount), ('store:' || store_id, -captured_amount)) posting (account, amount)
    )`;
}
