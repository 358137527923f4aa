import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM, withContext } from "./context.ts";
import type { Sql, Statement } from "./postgres.ts";
import { deleteInBatches } from "./reap.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

let database: TestDatabase;

before(async () => {
  database = await testDatabase("cart");
});
after(() => database.drop());

/** Guests whose tokens ended so many hours ago, or end in as many. */
const add = (prefix: string, count: number, hours: number) =>
  database.owner.query(
    `insert into cart.guests (token_hash, expire_time)
     select rpad($1 || n, 64, '0'), now() + $3 * interval '1 hour' from generate_series(1, $2::int) n`,
    [prefix, count, hours],
  );

async function left(prefix: string): Promise<number> {
  const { rows: [row] } = await database.owner.query(
    "select count(*)::int as count from cart.guests where token_hash like $1 || '%'",
    [prefix],
  );
  return row.count;
}

/** Deletes two at a time, and tells how many went by each statement. */
async function reap(prefix: string, deadline = Infinity) {
  const went: (number | null)[] = [];
  const sql = {
    query: async (statement: Statement) => {
      const result = await database.pool.query(statement);
      went.push(result.rowCount);
      return result;
    },
  } as Sql;
  const condition = "expire_time < now() and token_hash like $1 || '%'";
  const context = { request_id: "test", actor: SYSTEM, deadline };
  const done = await withContext(context, () => deleteInBatches(sql, "guests", condition, [prefix], 2));
  return { done, went };
}

describe("deleteInBatches()", () => {
  it("deletes all rows that are meant, a few by each statement, and no others", async () => {
    await add("a", 5, -1);
    await add("a1f", 3, 1);
    expect(await reap("a")).toEqual({ done: true, went: [2, 2, 1] });
    expect(await left("a")).toBe(3);
  });

  it("ends where there are none", async () => {
    expect(await reap("b")).toEqual({ done: true, went: [0] });
  });

  it("leaves the rest where the time of the job is nearly over", async () => {
    await add("c", 3, -1);
    expect(await reap("c", Date.now() + 4_000)).toEqual({ done: false, went: [] });
    expect(await left("c")).toBe(3);
  });

  it("spares a row that was changed meanwhile so that it is not meant any more", async () => {
    await add("d", 1, -1);
    const other = await database.owner.connect();
    await other.query("begin");
    await other.query("update cart.guests set expire_time = now() + interval '1 hour' where token_hash like 'd%'");
    const reaping = reap("d");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await other.query("commit");
    other.release();
    expect(await reaping).toEqual({ done: true, went: [0] });
    expect(await left("d")).toBe(1);
  });
});
