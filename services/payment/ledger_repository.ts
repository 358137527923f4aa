import { newId } from "../shared/ids.ts";
import type { Tx } from "../shared/postgres.ts";
import { one } from "./move_repository.ts";
import type { Payment } from "./payment.ts";

/** What the ledger is compared with. */
export const BOOKS = ["payments", "test"] as const;
export type LedgerBook = typeof BOOKS[number];

/** So many of the payments at fault are named. */
export const EXAMPLES = 20;

/** How far a book is from the ledger in a currency: the sum over payments, in minor units, and some of them. */
export interface Difference {
  book: LedgerBook;
  currency: string;
  difference: number;
  examples: string[];
}

/** Where the check of the ledger is, and what it has found so far. */
export interface LedgerWalk {
  stage: "payments" | "charges";
  /** The last payment's id or charge's key that was looked at; empty before the first. */
  place: string;
  found: Difference[];
}

/** Sums up rows (book, key, currency, ours, theirs); a currency without a difference is there with 0. */
const SUMMED = `select book, currency, sum(abs(ours - theirs))::float8 as difference,
    coalesce((array_agg(key order by key) filter (where ours <> theirs))[1:${EXAMPLES}], '{}') as examples
  from compared group by book, currency order by book, currency`;

/**
 * Some payments against what each has brought by the ledger: what its provider owes for it. One statement is one
 * snapshot; ledger and payment change in one transaction, so any difference is an error. The test provider's book is
 * written before ours: payments with something under way are left out of that until it has ended. A payment that the
 * book does not know counts. What is lateral is looked up by index for each, whatever the planner thinks of the tables.
 */
const OF_PAYMENTS = `with payment as materialized (
    select * from payments where id > $1 and ($2::uuid is null or id <= $2)
  ), ledger as materialized (
    select payment.id, entry.* from payment, lateral (
      select p.currency, sum(p.amount) as amount from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
      where t.payment_id = payment.id and p.account like 'provider:%' group by 1
    ) entry
  ), compared as (
    select 'payments' as book, provider_key as key, coalesce(l.currency, p.currency) as currency, coalesce(l.amount, 0) as ours,
      case when l.currency <> p.currency then 0 else captured_amount - refunded_amount end as theirs
    from payment p left join ledger l using (id)
    union all
    select 'test', provider_key, p.currency, coalesce(l.amount, 0),
      coalesce(case when c.currency = p.currency then c.captured_amount - c.refunded_amount end, 0)
    from payment p left join ledger l using (id)
    left join lateral (select * from test_charges where key = p.provider_key limit 1) c on true
    where method = 'test' and p.status not in ('pending', 'unknown') and refunding_amount = 0
      and not exists (select from payment_operations o where o.payment_id = p.id and o.status = 'pending')
  ) ${SUMMED}`;

/** Some charges of the test provider that belong to no payment. */
const OF_CHARGES = `with compared as (
    select 'test' as book, key, c.currency, 0 as ours, c.captured_amount - c.refunded_amount as theirs
    from test_charges c
    left join lateral (select id from payments where provider_key = c.key and method = 'test' limit 1) p on true
    where key > $1 and ($2::text is null or key <= $2) and p.id is null
  ) ${SUMMED}`;

/** Of each stage: the place before its first row, where a slice of so many rows ends, and the comparison of one. */
const STAGES = {
  payments: {
    first: "00000000-0000-0000-0000-000000000000",
    end: "select id::text as place from payments where id > $1 order by id offset $2 limit 1",
    compare: OF_PAYMENTS,
  },
  charges: {
    first: "",
    end: "select key as place from test_charges where key > $1 order by key offset $2 limit 1",
    compare: OF_CHARGES,
  },
};

/** The part of the repository that gives back by the ledger and checks it. Captures are entered as their payment moves. */
export function createLedgerRepository() {
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

    /** Where the check is, for who goes on with it; undefined while another does. */
    lockLedgerWalk: (tx: Tx) =>
      one<LedgerWalk>(
        tx,
        "lock_ledger_walk",
        "select stage, place, found from ledger_walk for update skip locked",
        [],
      ),

    /** Compares the next so many rows of the check's stage; `place` is the last of them, undefined at the stage's end. */
    async compareLedger(
      tx: Tx,
      { stage, place }: LedgerWalk,
      rows: number,
    ): Promise<{ place: string | undefined; differences: Difference[] }> {
      const { first, end, compare } = STAGES[stage];
      const from = place || first;
      const { rows: [last] } = await tx.query<{ place: string }>({ text: end, values: [from, rows - 1] });
      // Not prepared: for another slice the plan may have to be another one.
      const compared = await tx.query<Difference>({
        text: compare,
        values: [from, last?.place ?? null],
      });
      return { place: last?.place, differences: compared.rows };
    },

    async moveLedgerWalk(tx: Tx, { stage, place, found }: LedgerWalk): Promise<void> {
      await tx.query({
        name: "payment.move_ledger_walk",
        text: "update ledger_walk set stage = $1, place = $2, found = $3",
        values: [stage, place, JSON.stringify(found)],
      });
    },

    /** The check came to the end: the next begins anew. */
    async endLedgerWalk(tx: Tx): Promise<void> {
      await tx.query({
        name: "payment.end_ledger_walk",
        text: "update ledger_walk set stage = 'payments', place = '', found = '[]', end_time = now()",
      });
    },

    /** Shows a difference before the check has come to the end, unless the last one found a larger one. */
    async raiseLedgerCheck(tx: Tx, { book, currency, difference, examples }: Difference): Promise<void> {
      await tx.query({
        name: "payment.raise_check",
        text: `insert into ledger_checks as c (book, currency, difference, examples) values ($1, $2, $3, $4)
               on conflict (book, currency) do update set difference = excluded.difference, examples = excluded.examples,
                 check_time = now() where c.difference < excluded.difference`,
        values: [book, currency, difference, examples],
      });
    },

    /** Keeps what a whole check of a book found, in place of what the last one did. */
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
