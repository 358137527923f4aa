import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { parseCrontab } from "graphile-worker";
import { createLog } from "../shared/log.ts";
import { registry } from "../shared/metrics.ts";
import { newId } from "../shared/ids.ts";
import { crontab } from "./jobs.ts";
import { reconcileLedger, showLedgerCheckTime, showLedgerDifference } from "./reconcile_ledger.ts";
import {
  authorize,
  capture,
  charges,
  database,
  paid,
  refund,
  repository,
  request,
  setCapture,
  startPayment,
  stopPayment,
  store_id,
  voidPayment,
} from "./testing.ts";

const log = createLog("payment", { LOG_LEVEL: "ERROR" });
const quiet = { ...log, error: () => {} } as unknown as typeof log;
const reconcile = () => reconcileLedger({ repository, log: quiet });
const queries = [...Deno.readTextFileSync(new URL("LEDGER.md", import.meta.url)).matchAll(/```sql\n([^`]+)```/g)]
  .map(([, sql = ""]) => sql);

/** One of each kind of payment, in three currencies. */
before(async () => {
  await startPayment();
  const captured = await paid();
  await refund(captured.id, { amount: { amount: 501, currency: "USD" } });
  for (const currency of ["JPY", "KWD"]) await paid({ amount: { amount: 5000, currency }, lines: [] });
  await authorize(request("tok_declined"));
  await authorize(request("", { method: "manual" }));
  await setCapture("manual");
  await capture((await authorize(request("tok_ok"))).id, 1000);
  await voidPayment((await authorize(request("tok_ok"))).id);
  await authorize(request("tok_ok"));
  await setCapture("automatic");
});
after(stopPayment);

const TABLES = ["payments", "ledger_transactions", "ledger_postings"];

/** Runs SQL as the owner without the triggers that would forbid it: a bug is planted. */
async function plant(...statements: string[]): Promise<void> {
  const triggers = (verb: string) => TABLES.map((table) => `alter table ${table} ${verb} trigger user`).join(";");
  await run([triggers("disable"), ...statements, triggers("enable")].join(";"));
}

const run = async (sql: string) => {
  const client = await database.owner.connect();
  try {
    await client.query("set search_path = payment");
    return (await client.query(sql)).rows;
  } finally {
    await client.query("reset search_path");
    client.release();
  }
};

describe("LEDGER.md", () => {
  it("has queries that run", async () => {
    expect(queries.length).toBe(7);
    for (const sql of queries) await run(sql);
  });

  it("tells what providers owe, what stores are owed, and no unbalanced transaction or payment", async () => {
    const [providers = "", stores = "", , history = "", unbalanced = "", wrong = ""] = queries;
    expect(await run(providers)).toEqual([
      { account: "provider:test", currency: "JPY", balance: "5000" },
      { account: "provider:test", currency: "KWD", balance: "5000" },
      { account: "provider:test", currency: "USD", balance: "2000" },
    ]);
    expect((await run(stores)).map(({ store_id: id, currency, owed }) => [id === store_id, currency, owed])).toEqual([
      [true, "JPY", "5000"],
      [true, "KWD", "5000"],
      [true, "USD", "2000"],
    ]);
    expect(await run(history)).toEqual([]);
    expect(await run(unbalanced)).toEqual([]);
    expect(await run(wrong)).toEqual([]);
  });
});

describe("the reconciliation", () => {
  it("finds nothing in a sound ledger, and the metric shows 0 for each currency and book", async () => {
    expect(await reconcile()).toEqual([]);
    showLedgerDifference(database.pool);
    const shown = await registry.metrics();
    for (const book of ["payments", "test"]) {
      for (const currency of ["USD", "JPY", "KWD"]) {
        expect(shown).toContain(`nano_ledger_difference{book="${book}",currency="${currency}"} 0`);
      }
    }
  });

  it("finds a payment that was captured without its posting, and names it", async () => {
    const { id, order_id } = await paid({ amount: { amount: 77, currency: "EUR" }, lines: [] });
    await plant(
      `delete from ledger_postings where transaction_id in (select id from ledger_transactions where payment_id = '${id}')`,
    );
    const example = { currency: "EUR", difference: 77, examples: [`${order_id}:authorize:1`] };
    expect(await reconcile()).toEqual([{ book: "payments", ...example }, { book: "test", ...example }]);
    expect(await registry.metrics()).toContain('nano_ledger_difference{book="payments",currency="EUR"} 77');
    await plant(
      `delete from ledger_transactions where payment_id = '${id}'`,
      `delete from payments where id = '${id}'`,
    );
    await plant(`delete from test_charges where key = '${order_id}:authorize:1'`);
    expect(await reconcile()).toEqual([]);
  });

  it("finds two errors that would cancel out", async () => {
    const [one, two] = [await paid(), await paid()];
    const shift = (id: string, amount: number) =>
      `update ledger_postings set amount = amount + sign(amount) * ${amount}
       where transaction_id in (select id from ledger_transactions where payment_id = '${id}')`;
    await plant(shift(one.id, 5), shift(two.id, -5));
    expect(await reconcile()).toMatchObject([{ book: "payments", difference: 10 }, { book: "test", difference: 10 }]);
    await plant(shift(one.id, -5), shift(two.id, 5));
    expect(await reconcile()).toEqual([]);
  });

  it("finds what the provider's book has and we do not: a charge of nobody, a refund, a charge that we call declined", async () => {
    const order_id = newId();
    await plant(
      `insert into test_charges (key, status, amount, captured_amount, currency) values ('${order_id}:authorize:1', 'captured', 9, 9, 'CHF')`,
    );
    expect(await reconcile()).toEqual([
      { book: "test", currency: "CHF", difference: 9, examples: [`${order_id}:authorize:1`] },
    ]);
    await plant(`delete from test_charges where key = '${order_id}:authorize:1'`);

    const { order_id: refunded } = await paid({ amount: { amount: 100, currency: "CHF" }, lines: [] });
    await plant(`update test_charges set refunded_amount = 40 where key like '${refunded}:%'`);
    expect(await reconcile()).toMatchObject([{ book: "test", currency: "CHF", difference: 40 }]);
    await plant(`update test_charges set refunded_amount = 0 where key like '${refunded}:%'`);

    const declined = request("tok_declined", { amount: { amount: 8, currency: "CHF" }, lines: [] });
    await authorize(declined);
    await plant(
      `update test_charges set status = 'captured', captured_amount = 8 where key like '${declined.order_id}:%'`,
    );
    expect(await reconcile()).toMatchObject([{ book: "test", currency: "CHF", difference: 8 }]);
    await plant(
      `update test_charges set status = 'declined', captured_amount = 0 where key like '${declined.order_id}:%'`,
    );
    expect(await reconcile()).toEqual([]);
  });

  it("waits for what is under way", async () => {
    const asked = request("tok_timeout_after_charge");
    const payment = await authorize(asked, 1_500);
    expect(await charges(asked.order_id)).toMatchObject([{ status: "captured" }]);
    expect(payment.status).toBe("unknown");
    expect(await reconcile()).toEqual([]);

    const francs = { amount: { amount: 60, currency: "CHF" }, lines: [] };
    const { id, order_id } = await paid(francs);
    const refunding = (amount: number) =>
      plant(
        `update payments set refunding_amount = ${amount} where id = '${id}'`,
        `update test_charges set refunded_amount = ${amount} where key like '${order_id}:%'`,
      );
    await refunding(40);
    expect(await reconcile()).toEqual([]);
    await refunding(0);

    await setCapture("manual");
    const held = await authorize(request("tok_ok", francs));
    await setCapture("automatic");
    const capturing = (status: string, amount: number, operation: string) =>
      plant(
        `update test_charges set status = '${status}', captured_amount = ${amount} where key like '${held.order_id}:%'`,
        operation,
      );
    await capturing(
      "captured",
      60,
      `insert into payment_operations (id, payment_id, kind, amount) values ('${newId()}', '${held.id}', 'capture', 60)`,
    );
    expect(await reconcile()).toEqual([]);
    await capturing("authorized", 0, `delete from payment_operations where payment_id = '${held.id}'`);
  });
});

describe("the reconciliation of more than one run can compare", () => {
  const one = () => reconcileLedger({ repository, log: quiet }, { rows: 1, milliseconds: 0 });
  const ended = async () =>
    Number((await run("select extract(epoch from end_time) as time from ledger_walk"))[0]?.time);

  /** Runs, of one payment each, until they have come to the end. Gives how many it took. */
  async function toTheEnd(): Promise<number> {
    const before = await ended();
    let runs = 0;
    for (; await ended() === before; runs++) await one();
    return runs;
  }

  it("goes on where the run before ended, and is whole after all payments and charges", async () => {
    const [count] = await run(
      "select (select count(*) from payments)::int + (select count(*) from test_charges)::int as rows",
    );
    // One more for each of the two, to see that it has no more.
    expect(await toTheEnd()).toBe(count?.rows + 2);
    const [checks] = await run("select count(*)::int as rows, sum(difference)::int as difference from ledger_checks");
    expect(checks?.rows).toBeGreaterThan(5);
    expect(checks?.difference).toBe(0);
  });

  it("shows a difference at once, and its end only after a whole check without it", async () => {
    const { id, order_id } = await paid({ amount: { amount: 77, currency: "EUR" }, lines: [] });
    const shift = (amount: number) =>
      plant(`update ledger_postings set amount = amount + sign(amount) * ${amount}
        where transaction_id in (select id from ledger_transactions where payment_id = '${id}')`);
    await shift(5);
    const before = await ended();
    while ((await one()).length === 0) { /* Not yet. */ }
    expect(await ended()).toBe(before);
    const shown = 'nano_ledger_difference{book="payments",currency="EUR"}';
    expect(await registry.metrics()).toContain(`${shown} 5`);
    await shift(-5);
    await toTheEnd();
    // What it had found is in this one still.
    expect(await run("select book, examples from ledger_checks where difference > 0 order by book")).toEqual([
      { book: "payments", examples: [`${order_id}:authorize:1`] },
      { book: "test", examples: [`${order_id}:authorize:1`] },
    ]);
    await one();
    expect(await registry.metrics()).toContain(`${shown} 5`);
    await toTheEnd();
    expect(await registry.metrics()).toContain(`${shown} 0`);
  });

  it("tells when it was last whole", async () => {
    showLedgerCheckTime(database.pool);
    const shown = async () =>
      Number(/^nano_ledger_checked_timestamp_seconds (\S+)$/m.exec(await registry.metrics())?.[1]);
    await run("update ledger_walk set end_time = now() - interval '1 day'");
    await one();
    expect(Date.now() / 1000 - await shown()).toBeGreaterThan(80_000);
    expect(await reconcile()).toEqual([]);
    expect(Date.now() / 1000 - await shown()).toBeLessThan(3_600);
  });

  it("is left to who is at it", async () => {
    const other = await database.owner.connect();
    try {
      await other.query("begin; select from payment.ledger_walk for update");
      const before = await ended();
      expect(await reconcile()).toEqual([]);
      expect(await ended()).toBe(before);
    } finally {
      await other.query("rollback");
      other.release();
    }
  });

  it("by the clock comes in place of one that failed, which so do not pile up", () => {
    const { options } = parseCrontab(crontab).find(({ task }) => task === "reconcile_ledger") ?? {};
    expect(options).toMatchObject({ jobKey: "reconcile_ledger", jobKeyMode: "replace" });
  });
});

describe("the ledger's tables", () => {
  for (const [table, column] of [["ledger_transactions", "kind"], ["ledger_postings", "amount"]]) {
    for (
      const statement of [`update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table}`]
    ) {
      it(`refuse the service's role ${statement}`, async () => {
        await expect(database.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
      });
    }
  }
});
