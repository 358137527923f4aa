import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type TestDatabase, testDatabase } from "../services/shared/testing.ts";

/** Of what is never deleted: a refund stays. */
const NEVER_ASKED = ["ledger_transactions_refund_id_fkey"];

describe("the delete of a row that others name", () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase("order");
  });
  after(() => database?.drop());

  it("finds them by an index, whatever their number", async () => {
    const { rows } = await database.owner.query<{ name: string; found: boolean }>(
      `select conname as name, exists (
         select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = any (c.conkey)
           and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')) as found
       from pg_constraint c where contype = 'f'
         and connamespace in (select oid from pg_namespace where nspname in ('user', 'product', 'cart', 'order', 'payment', 'store'))`,
    );
    expect(rows.length).toBeGreaterThan(30);
    const read = rows.filter(({ name, found }) => !found && !NEVER_ASKED.includes(name)).map(({ name }) => name);
    expect(read).toEqual([]);
  });
});
