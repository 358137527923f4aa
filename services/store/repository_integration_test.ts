import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import type { Pool } from "../shared/postgres.ts";
import { type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createRepository, type Repository } from "./repository.ts";

let database: TestDatabase;
let store_id: string;

before(async () => {
  database = await testDatabase("store");
  await database.owner.query(`
    alter table store.stores disable trigger audit;
    insert into store.stores (id, slug, name, currency, locale, country, status)
    select gen_random_uuid(), 'store-' || n, 'Store ' || n, 'USD', 'en-US', 'US', (array['active', 'suspended'])[1 + n % 2]
    from generate_series(1, 50000) n;
    insert into store.daily_stats (store_id, day, orders, revenue)
    select id, date '2026-01-01' + day, 1, 100 from (select id from store.stores limit 500) s, generate_series(1, 100) day;
    insert into store.daily_sales (store_id, day, variant_id, product_id, sku, name, quantity, revenue)
    select store_id, day, gen_random_uuid(), gen_random_uuid(), 'SKU', 'Thing', 1, 100 from store.daily_stats;
    insert into store.events (id, store_id, type, time, data, receive_time)
    select gen_random_uuid(), store_id, 'order.paid', day, '{}', now() - random() * interval '29 days' from store.daily_stats;
    analyze`);
  const { rows } = await database.owner.query<{ store_id: string }>("select store_id from store.daily_stats limit 1");
  store_id = rows[0]?.store_id ?? "";
});
after(() => database.drop());

/** The plan of the one statement that a call makes. */
async function planOf(call: (repository: Repository) => Promise<unknown>): Promise<string> {
  let plan = "";
  const explaining = {
    query: async (statement: string | { text: string; values?: unknown[] }) => {
      const { text, values } = typeof statement === "string" ? { text: statement, values: [] } : statement;
      const { rows } = await database.pool.query<{ "QUERY PLAN": string }>(`explain ${text}`, values);
      plan += rows.map((row) => row["QUERY PLAN"]).join("\n");
      return { rows: [], rowCount: 0 };
    },
  };
  await call(createRepository(explaining as unknown as Pool));
  return plan;
}

const span = ["2026-01-01", "2026-01-30"] as const;
const cases: [what: string, call: (repository: Repository) => Promise<unknown>, index: string][] = [
  ["a store by id", (repository) => repository.getById(store_id), "stores_pkey"],
  ["a store by slug", (repository) => repository.getBySlug("store-7"), "stores_slug_key"],
  ["the default store", (repository) => repository.getDefault(), "stores_default_key"],
  ["a page of stores", (repository) => repository.list({ all: false, own: [newId()] }, newId(), 21), "stores_pkey"],
  ["the days of a span", (repository) => repository.listDays(store_id, ...span), "daily_stats_pkey"],
  ["what sold in a span", (repository) => repository.listSellers(store_id, ...span, 10), "daily_sales_pkey"],
  ["old events", (repository) => repository.reapEvents(), "events_receive_idx"],
];

describe("at 50,000 rows an index finds", () => {
  for (const [what, call, index] of cases) {
    it(what, async () => {
      const plan = await planOf(call);
      expect(plan).toContain(index);
      expect(plan).not.toContain("Seq Scan");
    });
  }
});
