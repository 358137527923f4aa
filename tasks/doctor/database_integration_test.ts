import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import pg from "pg";
import { type TestDatabase, testDatabase } from "../../services/shared/testing.ts";
import { readIndexes, readMigrated, readRoles, readServer, readSessions, readSlow } from "./database_facts.ts";
import { judgeIndexes, judgeMigrations, judgeRoles } from "./database_judge.ts";
import { judgeQueues, readQueues } from "./jobs.ts";

describe("what the doctor reads of a database", () => {
  let database: TestDatabase;
  let client: pg.Client;
  before(async () => {
    database = await testDatabase("cart");
    client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
  });
  after(async () => {
    await client?.end();
    await database?.drop();
  });

  it("is well where nothing was done to it", async () => {
    const prefix = decodeURIComponent(new URL(database.url).username).replace(/_cart$/, "");
    const findings = [
      ...judgeMigrations(await readMigrated(client)),
      ...judgeRoles(await readRoles(client, prefix), []),
      ...judgeIndexes(await readIndexes(client)),
      ...judgeQueues(await readQueues(client), true),
    ];
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(await readSlow(client)).toBeUndefined();
    const { version, used, limit, ahead } = await readServer(client);
    expect([/^\d+\.\d+/.test(version), used > 0, limit > used, Math.abs(ahead) < 5000]).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it("shows a migration that is missing", async () => {
    await client.query("delete from cart.migrations where id = (select max(id) from cart.migrations)");
    expect(judgeMigrations(await readMigrated(client))).toMatchObject([{ says: "1 are not applied" }]);
  });

  it("shows an invalid index, which its command mends", async () => {
    await client.query("create table cart.twins (id int); insert into cart.twins values (1), (1)");
    await client.query("create unique index concurrently twins_id on cart.twins (id)").catch(() => {});
    const [finding] = judgeIndexes(await readIndexes(client));
    expect(finding).toMatchObject({ level: "wrong", says: expect.stringContaining("cart.twins_id") });
    await client.query("delete from cart.twins where ctid = '(0,1)'");
    await client.query(/-c "(.+)"$/.exec(finding?.mend ?? "")?.[1] ?? "");
    expect((await readIndexes(client)).invalid).toEqual([]);
  });

  it("shows a large table whose foreign key has no index", async () => {
    await client.query(
      `create table cart.leaves (twin int); create table cart.roots (id int primary key);
       insert into cart.roots values (1); insert into cart.leaves select 1 from generate_series(1, 11000);
       alter table cart.leaves add constraint leaves_twin foreign key (twin) references cart.roots; analyze cart.leaves`,
    );
    expect((await readIndexes(client)).unindexed).toEqual([{ table: "cart.leaves", constraint: "leaves_twin" }]);
    await client.query("create index on cart.leaves (twin)");
    expect((await readIndexes(client)).unindexed).toEqual([]);
  });

  it("shows a transaction that a service left open", async () => {
    const [one, other] = [await database.pool.connect(), new pg.Client({ connectionString: database.url })];
    await other.connect();
    await one.query("begin; select 1");
    expect(await readSessions(other)).toEqual([expect.objectContaining({ state: "idle in transaction" })]);
    await one.query("rollback");
    one.release();
    await other.end();
  });

  it("shows a job that failed for good, which its command has tried again", async () => {
    await client.query("select cart_jobs.add_job('doctor', '{}', max_attempts => 1)");
    await client.query("update cart_jobs._private_jobs set attempts = 1");
    const [finding] = judgeQueues(await readQueues(client), true);
    expect(finding).toMatchObject({
      level: "wrong",
      says: expect.stringContaining("1 of cart's doctor failed for good"),
    });
    await client.query(/-c "(.+)"$/.exec(finding?.mend ?? "")?.[1] ?? "");
    expect(judgeQueues(await readQueues(client), true)).toMatchObject([{ level: "ok" }]);
  });
});
