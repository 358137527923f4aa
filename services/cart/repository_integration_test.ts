import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import type { Pool, Tx } from "../shared/postgres.ts";
import { type TestDatabase, testDatabase } from "../shared/testing.ts";
import type { Principal } from "./cart.ts";
import { createRepository, type Repository } from "./repository.ts";

let database: TestDatabase;
let [cart_id, user_id, store_id] = ["", "", ""];
const guest: Principal = { kind: "guest", id: "0".repeat(60) + "0007" };

before(async () => {
  database = await testDatabase("cart");
  await database.owner.query(`
    insert into cart.guests (token_hash, expire_time)
    select lpad(n::text, 64, '0'), now() + n * interval '1 minute' from generate_series(1, 50000) n;
    insert into cart.carts (id, store_id, user_id, guest_hash, state, order_id, update_time)
    select gen_random_uuid(), ('00000000-0000-0000-0000-00000000000' || n % 2)::uuid,
      case when n % 4 < 2 then gen_random_uuid() end, case when n % 4 > 1 then lpad(n::text, 64, '0') end,
      case when n % 8 < 4 then 'open' else 'ordered' end, case when n % 8 >= 4 then gen_random_uuid() end,
      now() - random() * interval '89 days'
    from generate_series(1, 50000) n;
    insert into cart.cart_items (id, cart_id, variant_id, product_id, quantity, sku, name, unit_price)
    select gen_random_uuid(), id, gen_random_uuid(), gen_random_uuid(), 1, 'SKU', 'Thing', 100 from cart.carts, generate_series(1, 2);
    analyze`);
  const { rows } = await database.owner.query<{ id: string; user_id: string; store_id: string }>(
    "select id, user_id, store_id from cart.carts where state = 'open' and user_id is not null limit 1",
  );
  ({ id: cart_id = "", user_id = "", store_id = "" } = rows[0] ?? { id: "", user_id: "", store_id: "" });
});
after(() => database.drop());

/** The plans of the statements that a call makes. */
async function planOf(call: (repository: Repository, tx: Tx) => Promise<unknown>): Promise<string> {
  let plan = "";
  const explaining = {
    query: async (statement: string | { text: string; values?: unknown[] }) => {
      const { text, values } = typeof statement === "string" ? { text: statement, values: [] } : statement;
      const { rows } = await database.pool.query<{ "QUERY PLAN": string }>(`explain ${text}`, values);
      plan += rows.map((row) => row["QUERY PLAN"]).join("\n");
      return { rows: [], rowCount: 0 };
    },
  };
  await call(createRepository(explaining as unknown as Pool), explaining as unknown as Tx);
  return plan;
}

const user = (): Principal => ({ kind: "user", id: user_id });
const cases: [what: string, call: (repository: Repository, tx: Tx) => Promise<unknown>, index: string][] = [
  ["a user's cart", (repository) => repository.read(store_id, user()), "carts_open_user_key"],
  ["a guest's cart", (repository) => repository.read(store_id, guest), "carts_open_guest_key"],
  ["the items of a cart", (repository, tx) => repository.readById(tx, cart_id), "cart_items_variant_key"],
  ["the cart to lock", (repository, tx) => repository.lock(tx, store_id, user()), "carts_open_user_key"],
  ["what an order takes", (repository) => repository.readTaken(store_id, user()), "carts_open_user_key"],
  ["what a user's cart became", (repository) => repository.readOrdered(store_id, user()), "carts_ordered_user_idx"],
  ["what a guest's cart became", (repository) => repository.readOrdered(store_id, guest), "carts_ordered_guest_idx"],
  ["all carts of a guest", (repository) => repository.listGuestStores(guest.id), "carts_open_guest_key"],
  ["the item to set", (repository, tx) => repository.removeLine(tx, cart_id, newId()), "cart_items_pkey"],
  ["guests whose tokens ended", (repository) => repository.reap(), "guests_expire_idx"],
  [
    "the carts that go with a guest, as the foreign key asks for them",
    (_repository, tx) => tx.query({ text: "delete from only carts where $1 = guest_hash", values: [guest.id] }),
    "carts_guest_idx",
  ],
  ["carts that were ordered long ago", (repository) => repository.reap(), "carts_update_idx"],
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
