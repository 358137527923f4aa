import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import type { Pool, Sql } from "../shared/postgres.ts";
import { type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createRepository } from "./repository.ts";

let database: TestDatabase;
const store_id = newId();

/** 50,000 payments, 500 of them of one store, each with a refund. */
before(async () => {
  database = await testDatabase("payment");
  await database.owner.query(`
    set search_path = payment;
    alter table payments disable trigger audit;
    alter table refunds disable trigger audit;
    insert into payments (id, order_id, store_id, attempt, method, status, currency, amount, captured_amount, provider_key, user_id, create_time)
    select gen_random_uuid(), gen_random_uuid(), case when i % 100 = 0 then '${store_id}'::uuid else gen_random_uuid() end, 1, 'test',
      case when i % 7 = 0 then 'captured' else 'authorized' end, 'USD', 100, case when i % 7 = 0 then 100 else 0 end, 'key' || i, gen_random_uuid(),
      now() - i * interval '1 minute'
    from generate_series(1, 50000) i;
    insert into refunds (id, payment_id, amount, reason) select gen_random_uuid(), id, 1, 'x' from payments;
    analyze payments; analyze refunds;
    reset search_path`);
});
after(() => database.drop());

/** How PostgreSQL would run the statements that a call of the repository makes. */
async function planOf(call: (repository: ReturnType<typeof createRepository>) => Promise<unknown>): Promise<string> {
  const plans: string[] = [];
  const explaining: Sql = {
    async query({ text, values = [] }) {
      const result = await database.pool.query(`explain ${text}`, values);
      plans.push(result.rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return { ...result, rows: [] };
    },
  };
  await call(createRepository(explaining as Pool));
  return plans.join("\n");
}

describe("among 50,000 payments", () => {
  const place = { create_time: new Date().toISOString(), id: newId() };
  const filter = { store_id, order_id: null, status: null };
  const reads: [name: string, index: string, call: Parameters<typeof planOf>[0]][] = [
    ["a store's page", "payments_by_store", (repository) => repository.list(filter, undefined, 20)],
    ["its next page", "payments_by_store", (repository) => repository.list(filter, place, 20)],
    [
      "a page by status",
      "payments_by_status",
      (repository) => repository.list({ ...filter, status: "captured" }, place, 20),
    ],
    [
      "an order's payments",
      "payments_order_attempt_key",
      (repository) => repository.list({ ...filter, order_id: newId() }, undefined, 20),
    ],
    ["a store's count", "payments_by_", (repository) => repository.count(filter)],
    ["what waits for staff", "payments_by_status", (repository) => repository.waitingCounts(store_id)],
    ["a payment's refunds", "refunds_by_payment", (repository) => repository.listRefunds(newId())],
    ["a webhook's charge", "payments_by_reference", (repository) => repository.findCharge("test", "k", "r")],
    [
      "a payment's operation",
      "payment_operations_one_pending",
      (repository) => repository.findPendingOperation(newId()),
    ],
    ["what blocks an order", "payments_", (repository) => repository.findBlocking(newId())],
  ];
  for (const [name, index, call] of reads) {
    it(`finds ${name} by an index and no scan of the table`, async () => {
      const plan = await planOf(call);
      expect(plan).toContain(index);
      expect(plan).not.toMatch(/Seq Scan on (payments|refunds)/);
      if (name.endsWith("page")) expect(plan).not.toContain("Sort");
    });
  }
});
