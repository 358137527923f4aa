import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { conflict, toNanoError } from "./errors.ts";
import { createLog } from "./log.ts";
import { registry } from "./metrics.ts";
import { binding } from "./parts.ts";
import {
  collect,
  createPool,
  onCommit,
  orElse,
  type Pool,
  sayWhoActs,
  single,
  transaction,
  type Tx,
} from "./postgres.ts";
import { statementName } from "./sql_telemetry.ts";
import { as, type TestDatabase, testDatabase } from "./testing.ts";

const log = createLog("test", { LOG_LEVEL: "ERROR" });
const user_id = "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69";

/** Runs as a user's request with so many milliseconds left. */
function within<T>(milliseconds: number, run: () => Promise<T>): Promise<T> {
  const actor = { kind: "user", user_id, store_roles: [] };
  return as(actor, run, milliseconds);
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  return await work.then(() => "none", (error) => toNanoError(error).kind);
}

describe("transaction()", () => {
  let database: TestDatabase;
  let pool: Pool;

  before(async () => {
    database = await testDatabase("order");
    await database.owner.query(
      "create table public.counters (id int primary key, n int not null constraint small check (n < 100))",
    );
    await database.owner.query("insert into public.counters values (1, 0), (2, 0)");
    await database.owner.query("grant all on public.counters to public");
    pool = createPool({ DATABASE_URL: database.url }, log);
  });

  after(async () => {
    await pool.end();
    await database.drop();
  });

  const read = async () => (await pool.query("select sum(n)::int as n from public.counters")).rows[0].n as number;

  it("tells the audit triggers who acts, in which request", async () => {
    const { rows } = await within(
      1000,
      () =>
        transaction(pool, (tx) =>
          tx.query({
            text: "select current_setting('nano.actor') as actor, current_setting('nano.request_id') as request",
          })),
    );
    expect(rows[0]).toEqual({ actor: `user:${user_id}`, request: "test" });
  });

  it("runs statements that are sent together in their order, and none of them if one fails", async () => {
    const add = (tx: Tx, n: number) =>
      tx.query<{ n: number }>({
        name: `add.${n}`,
        text: `update public.counters set n = n + ${n} where id = 1 returning n`,
      });
    const before = await read();
    await expect(transaction(pool, (tx) => Promise.all([add(tx, 1), add(tx, 100), add(tx, 2)]))).rejects.toThrow(
      "small",
    );
    expect(await read()).toBe(before);
    const found = await transaction(pool, (tx) => Promise.all([add(tx, 2), add(tx, 3), add(tx, -5)]));
    expect(found.map(({ rows }) => rows[0]?.n)).toEqual([before + 2, before + 5, before]);
  });

  it("is one statement where that says who acts, for itself alone", async () => {
    const { rows } = await within(1000, () => {
      const { values, bind } = binding();
      const text = `with acting as materialized (${sayWhoActs(bind)})
        select current_setting('nano.actor') as actor, current_setting('nano.request_id') as request from acting`;
      return single(pool, (sql) => sql.query({ text, values }));
    });
    expect(rows).toEqual([{ actor: `user:${user_id}`, request: "test" }]);
    const after = await pool.query("select coalesce(current_setting('nano.actor', true), '') as actor");
    expect(after.rows).toEqual([{ actor: "" }]);
  });

  it("is one statement that is tried again after a lock, and never begun too late", async () => {
    let tries = 0;
    const locked = () => Promise.reject(Object.assign(new Error("locked"), { code: "55P03" }));
    expect(await within(2000, () => single(pool, () => ++tries < 3 ? locked() : Promise.resolve(tries)))).toBe(3);
    expect(await kindOf(within(0, () => single(pool, () => Promise.resolve(++tries))))).toBe("timeout");
    expect(tries).toBe(3);
  });

  it("runs what waits for its end once it is committed, and never otherwise", async () => {
    const counted: string[] = [];
    await transaction(pool, async (tx) => {
      onCommit(tx, () => counted.push("committed"));
      await tx.query({ text: "select 1" });
      expect(counted).toEqual([]);
    });
    await transaction(pool, (tx) => {
      onCommit(tx, () => counted.push("rolled back"));
      return Promise.reject(new Error("no"));
    }).catch(() => {});
    // The same connections, again.
    await Promise.all([1, 2, 3].map(() => transaction(pool, (tx) => tx.query({ text: "select 1" }))));
    expect(counted).toEqual(["committed"]);
  });

  it("measures how long a connection is waited for", async () => {
    const waits = async () => {
      const metrics = await registry.metrics();
      const value = (suffix: string) =>
        Number(metrics.split("\n").find((line) => line.startsWith(`nano_pool_wait_seconds_${suffix} `))?.split(" ")[1]);
      return { count: value("count"), sum: value("sum") };
    };
    const before = await waits();
    await Promise.all(Array.from({ length: 7 }, () => pool.query("select pg_sleep(0.1)")));
    const after = await waits();
    expect(after.count - before.count).toBe(7);
    // The seventh waits for one of the six.
    expect(after.sum - before.sum).toBeGreaterThan(0.05);
  });

  it("runs nothing for who got a connection after his deadline, and keeps the connection for the next", async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => pool.connect()));
    const late = [
      within(50, () => pool.query("update public.counters set n = n + 1")),
      within(50, () => transaction(pool, (tx) => tx.query({ text: "update public.counters set n = n + 1" }))),
    ].map(kindOf);
    const inTime = pool.query("select 1");
    const before = await database.owner.query("select sum(n)::int as n from public.counters");
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const client of clients) client.release();
    expect(await Promise.all(late)).toEqual(["timeout", "timeout"]);
    await inTime;
    expect(await read()).toBe(before.rows[0].n);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  it("ends a statement at the request's deadline", async () => {
    expect(await kindOf(within(150, () => transaction(pool, (tx) => tx.query({ text: "select pg_sleep(30)" }))))).toBe(
      "timeout",
    );
  });

  it("changes nothing where the request's deadline has passed before the end", async () => {
    const before = await read();
    const work = within(150, () =>
      transaction(pool, async (tx) => {
        await tx.query({ text: "update public.counters set n = n + 1" });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }));
    expect(await kindOf(work)).toBe("timeout");
    expect(await read()).toBe(before);
  });

  it("changes nothing where the function throws", async () => {
    const before = await read();
    const work = transaction(pool, async (tx) => {
      await tx.query({ text: "update public.counters set n = n + 1" });
      throw conflict("no", "No.");
    });
    expect(await kindOf(work)).toBe("conflict");
    expect(await read()).toBe(before);
  });

  it("is run again after a deadlock, so both of two that cross succeed", async () => {
    const before = await read();
    const cross = (first: number, second: number) =>
      within(10_000, () =>
        transaction(pool, async (tx) => {
          await tx.query({ text: "update public.counters set n = n + 1 where id = $1", values: [first] });
          await new Promise((resolve) => setTimeout(resolve, 50));
          await tx.query({ text: "update public.counters set n = n + 1 where id = $1", values: [second] });
        }));
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(await read()).toBe(before + 4);
  });

  it("gives up where a lock is held on, as unavailable", async () => {
    const holder = await database.owner.connect();
    try {
      await holder.query("begin; select from public.counters where id = 1 for update");
      const work = within(
        1_500,
        () => transaction(pool, (tx) => tx.query({ text: "update public.counters set n = n + 1 where id = 1" })),
      );
      expect(["unavailable", "timeout"]).toContain(await kindOf(work));
    } finally {
      await holder.query("rollback");
      holder.release();
    }
  });

  it("turns a violated constraint, by name, into the domain's error", async () => {
    const work = orElse(pool.query("update public.counters set n = 1000"), {
      small: () => conflict("too_large", "Too large."),
    });
    expect(await kindOf(work)).toBe("conflict");
  });

  it("refuses at once when too many wait for a connection", async () => {
    const busy = Array.from({ length: 6 }, () => pool.connect());
    const clients = await Promise.all(busy);
    try {
      const waiting = Array.from({ length: 256 }, () => kindOf(transaction(pool, () => Promise.resolve())));
      let answered = 0;
      for (const wait of waiting) wait.then(() => answered++);
      expect(await kindOf(transaction(pool, () => Promise.resolve()))).toBe("unavailable");
      expect(answered).toBe(0);
      for (const client of clients.splice(0)) client.release();
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(["none"]));
    } finally {
      for (const client of clients) client.release();
    }
  });

  it("reads a bigint as a number, and refuses one that a number can't hold", async () => {
    expect((await pool.query("select 9007199254740991::bigint as n")).rows[0].n).toBe(Number.MAX_SAFE_INTEGER);
    await expect(pool.query("select 9007199254740992::bigint as n")).rejects.toThrow("2^53");
  });

  it("logs the names of statements where DEBUG is on, never their values", async () => {
    let text = "";
    const log = createLog("test", { LOG_LEVEL: "ERROR", DEBUG: true }, {
      write: (line: string) => void (text += line),
    });
    const debugged = createPool({ DATABASE_URL: database.url, DEBUG: true }, log);
    try {
      const named = { name: "counter.read", text: "select $1::text as t", values: ["a secret"] };
      expect((await transaction(debugged, (tx) => tx.query(named))).rows).toEqual([{ t: "a secret" }]);
      expect((await debugged.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    } finally {
      await debugged.end();
    }
    for (const name of ["begin", "counter.read", "commit", "select 1 as one"]) expect(text).toContain(`"${name}`);
    expect(text).not.toContain("a secret");
  });
});

describe("collect()", () => {
  it("sends nothing: it gives the statements, and what waits for their commit", async () => {
    const ran: string[] = [];
    const { parts, works } = await collect(async (tx) => {
      await tx.query({ name: "one", text: "select $1", values: [1] });
      onCommit(tx, () => ran.push("committed"));
      await tx.query({ text: "no statement at all" });
    });
    expect(parts).toEqual([{ name: "one", text: "select $1", values: [1] }, { text: "no statement at all" }]);
    expect(ran).toEqual([]);
    for (const work of works) work();
    expect(ran).toEqual(["committed"]);
  });
});

describe("statementName()", () => {
  it("is a statement's name, or how its text begins; of a text that holds its values only the first word", () => {
    expect(statementName({ name: "order.find", text: "select 1" })).toBe("order.find");
    expect(statementName({ text: "  select id\n   from orders where id = $1" })).toBe(
      "select id from orders where id = $1",
    );
    expect(statementName("begin; set local nano.actor = 'user:1'")).toBe("begin");
  });
});
