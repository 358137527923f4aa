import { newId } from "../shared/ids.ts";
import type { Pool, Tx } from "../shared/postgres.ts";
import type { Payment } from "./payment.ts";

/** What the ledger is compared with. */
export type LedgerBook = "payments" | "test";

/** How far a book is from the ledger in a currency: the sum over payments, in minor units, and some of them. */
export interface Difference {
  book: LedgerBook;
  currency: string;
  difference: number;
  examples: string[];
}

/** What each payment has brought by the ledger: what its provider owes for it. */
const LEDGER = `select payment_id, currency, sum(amount) as amount from ledger_postings
  join ledger_transactions on ledger_transactions.id = transaction_id where account like 'provider:%' group by 1, 2`;

/** Sums up rows (key, currency, ours, theirs); a currency without a difference is there with 0. */
const SUMMED = `select currency, sum(abs(ours - theirs))::float8 as difference,
    coalesce((array_agg(key order by key) filter (where ours <> theirs))[1:20], '{}') as examples
  from compared group by currency`;

/** One statement is one snapshot; ledger and payment change in one transaction, so any difference is an error. */
const AGAINST_PAYMENTS = `with ledger as (${LEDGER}), compared as (
    select provider_key as key, coalesce(l.currency, p.currency) as currency, coalesce(l.amount, 0) as ours,
      case when l.currency <> p.currency then 0 else captured_amount - refunded_amount end as theirs
    from payments p left join ledger l on l.payment_id = p.id
  ) ${SUMMED}`;

/**
 * The provider's book is written before ours: payments with something under way are left out until it has ended. A
 * charge in the book that belongs to no payment counts, and so does a payment that the book does not know.
 */
const AGAINST_TEST = `with ledger as (${LEDGER}), compared as (
    select coalesce(provider_key, key) as key, coalesce(p.currency, c.currency) as currency, coalesce(l.amount, 0) as ours,
      coalesce(case when c.currency = p.currency or p.id is null then c.captured_amount - c.refunded_amount end, 0) as theirs
    from (select * from payments where method = 'test') p
    full join test_charges c on c.key = p.provider_key
    left join ledger l on l.payment_id = p.id
    where (p.id is null or p.status not in ('pending', 'unknown') and p.refunding_amount = 0
      and not exists (select from payment_operations o where o.payment_id = p.id and o.status = 'pending'))
  ) ${SUMMED}`;

/** The part of the repository that gives back by the ledger and checks it. Captures are entered as their payment moves. */
export function createLedgerRows(pool: Pool) {
  return {
    /** Enters money given back in the ledger, against the accounts of its capture: what a provider owes us, what we owe the store. */
    async postRefund(tx: Tx, payment: Payment, refund_id: string, amount: number): Promise<void> {
      await tx.query({
        name: "payment.post_refund",
        text: `with entry as (
                 insert into ledger_transactions (id, kind, payment_id, refund_id) values ($1, 'refund', $2, $3) returning id
               )
               insert into ledger_postings (transaction_id, account, amount, currency)
               select id, account, amount, $4 from entry, (values ($5, -$7::bigint), ($6, $7)) posting (account, amount)`,
        values: [
          newId(),
          payment.id,
          refund_id,
          payment.currency,
          `provider:${payment.method}`,
          `store:${payment.store_id}`,
          amount,
        ],
      });
    },

    /** How far a book is from the ledger, by currency. */
    async compareLedger(book: LedgerBook): Promise<Difference[]> {
      const { rows } = await pool.query<Omit<Difference, "book">>({
        text: book === "payments" ? AGAINST_PAYMENTS : AGAINST_TEST,
      });
      return rows.map((row) => ({ book, ...row }));
    },

    /** Keeps what a check of a book found, in place of what the last one did. */
    async keepLedgerCheck(tx: Tx, book: LedgerBook, differences: Difference[]): Promise<void> {
      await tx.query({
        name: "payment.forget_check",
        text: "delete from ledger_checks where book = $1",
        values: [book],
      });
      for (const { currency, difference, examples } of differences) {
        await tx.query({
          name: "payment.keep_check",
          text: "insert into ledger_checks (book, currency, difference, examples) values ($1, $2, $3, $4)",
          values: [book, currency, difference, examples],
        });
      }
    },
  };
}
