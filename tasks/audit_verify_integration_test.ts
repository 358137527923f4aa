import { expect } from "@std/expect";
import { after, afterEach, before, beforeEach, describe, it } from "@std/testing/bdd";
import pg from "pg";
import { sealAudit } from "../services/shared/audit_seals.ts";
import { createLog } from "../services/shared/log.ts";
import { type TestDatabase, testDatabase } from "../services/shared/testing.ts";
import { verifyChain } from "./audit/verify.ts";

const AUDITED = ["user", "product", "payment", "store"];

describe("the audit logs", () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase("user");
  });
  after(() => database.drop());

  it("are written by the same function and have the same columns everywhere", async () => {
    const { rows: functions } = await database.owner.query(
      "select distinct prosrc from pg_proc p join pg_namespace n on n.oid = pronamespace where proname = 'audit' and nspname = any($1)",
      [AUDITED],
    );
    expect(functions.length).toBe(1);
    const { rows: columns } = await database.owner.query(
      `select table_name, column_name, count(*)::int as schemas from information_schema.columns
       where table_name in ('audit_log', 'audit_seals') group by 1, 2, data_type, is_nullable`,
    );
    expect(columns.filter(({ schemas }) => schemas !== AUDITED.length)).toEqual([]);
  });

  it("name what is personal and never hold it", async () => {
    const { rows } = await database.owner.query<{ name: string; column: string; args: string[] }>(
      `select c.relname as name, a.attname as column, string_to_array(encode(t.tgargs, 'escape'), '\\000') as args
       from pg_trigger t join pg_class c on c.oid = tgrelid join pg_attribute a on a.attrelid = c.oid and attnum > 0
       where tgname = 'audit' and a.attname = any($1)`,
      [["email", "name", "reason", "cancel_reason", "note", "phone", "token", "password_hash", "secret", "user_agent"]],
    );
    // Names of shops, goods and keys are no person's.
    const impersonal = ["stores", "products", "variants", "categories", "api_keys"];
    const held = rows.filter(({ name, column, args }) =>
      !(column === "name" && impersonal.includes(name)) && !args.includes(column)
    );
    expect(rows.length).toBeGreaterThan(8);
    expect(held).toEqual([]);
  });
});

for (const service of AUDITED) {
  describe(`the sealed audit log of ${service}`, () => {
    let database: TestDatabase;
    let client: pg.Client;
    let seal: () => Promise<void>;
    before(async () => {
      database = await testDatabase(service);
      client = new pg.Client({ connectionString: database.ownerUrl });
      await client.connect();
      seal = sealAudit(database.pool, createLog(service, { LOG_LEVEL: "ERROR" }));
    });
    after(async () => {
      await client.end();
      await database.drop();
    });
    // What a test does to the log is undone after it.
    beforeEach(async () => {
      await write(3);
      await seal();
    });
    afterEach(() => client.query(`truncate "${service}".audit_log, "${service}".audit_seals`));

    /** Adds rows as the triggers do; gives their ids. */
    async function write(count: number, time = "now()"): Promise<number[]> {
      const { rows } = await client.query<{ id: string }>(
        `insert into "${service}".audit_log (time, actor, request_id, network, table_name, row_id, action, after)
         select ${time}, 'user:1', 'r' || i, '203.0.113.0/24', 'things', i::text, 'insert', '{"n": 1.50, "s": "é"}'
         from generate_series(1, $1::int) i returning id`,
        [count],
      );
      return rows.map(({ id }) => Number(id));
    }
    const verify = () => verifyChain(client, service);
    const tamper = (statement: string) =>
      client.query(`set search_path = "${service}"; ${statement}; reset search_path`);

    it("holds, and counts what waits for the next seal", async () => {
      await write(2);
      expect(await verify()).toMatchObject({ rows: expect.any(Number), seals: 1, unsealed: 2 });
      await seal();
      const { fault, ...verdict } = await verify();
      expect(fault).toBeUndefined();
      expect(verdict).toMatchObject({ seals: 2, unsealed: 0, head: { seq: 2 } });
    });

    it("seals nothing twice and adds no empty seals", async () => {
      await seal();
      await seal();
      expect(await verify()).toMatchObject({ seals: 1, unsealed: 0 });
    });

    it("seals a row whose transaction began before a later one was sealed", async () => {
      const late = new pg.Client({ connectionString: database.ownerUrl });
      await late.connect();
      await late.query("begin");
      await late.query(
        `insert into "${service}".audit_log (actor, request_id, table_name, action, after) values ('x', '', 't', 'insert', '{}')`,
      );
      await write(1);
      await seal();
      await late.query("commit");
      await late.end();
      await seal();
      const { fault, unsealed, seals } = await verify();
      expect({ fault, unsealed, seals }).toEqual({ fault: undefined, unsealed: 0, seals: 3 });
    });

    it("is sealed in batches where much was written", async () => {
      await write(1100);
      await seal();
      expect(await verify()).toMatchObject({ seals: 4, unsealed: 0 });
    });

    it("is sealed once by many at a time", async () => {
      await write(600);
      await Promise.all([seal(), seal(), seal()]);
      await seal();
      const { fault, unsealed } = await verify();
      expect({ fault, unsealed }).toEqual({ fault: undefined, unsealed: 0 });
    });

    const planted: [string, string, RegExp][] = [
      [
        "a changed value",
        "update audit_log set after = '{\"n\": 2}' where row_id = '2'",
        /^row \d+ was changed \(seal 1\)/,
      ],
      ["a changed actor", "update audit_log set actor = 'user:2' where row_id = '2'", /^row \d+ was changed/],
      [
        "a changed time",
        "update audit_log set time = time - interval '1 ms' where row_id = '2'",
        /^row \d+ was changed/,
      ],
      ["a removed row", "delete from audit_log where row_id = '2'", /^row \d+ was removed \(seal 1\)/],
      [
        "a backdated row",
        "insert into audit_log (time, actor, request_id, table_name, action, after) values (now() - interval '1 day', 'x', '', 't', 'insert', '{}')",
        /^row \d+ was inserted/,
      ],
      ["a digest made to fit", "update audit_seals set entry_hashes[2] = sha256('x')", /^seal 1 was changed/],
      ["a seal's time", "update audit_seals set seal_time = seal_time - interval '1 day'", /^seal 1 was changed/],
    ];
    for (const [what, statement, fault] of planted) {
      it(`shows ${what}`, async () => {
        await tamper(statement);
        expect((await verify()).fault).toMatch(fault);
      });
    }

    it("shows a removed seal, in the middle of the chain by itself and at its end by a noted head", async () => {
      await write(1);
      await seal();
      await write(1);
      await seal();
      const { head } = await verify();
      await tamper("delete from audit_seals where seq = 3");
      expect((await verifyChain(client, service, head)).fault).toBe("seal 3, which was noted, was removed");
      await tamper("delete from audit_seals where seq = 1");
      expect((await verify()).fault).toBe("seal 1 was removed");
    });

    it("can't be changed or removed by the service", async () => {
      for (const statement of ["update audit_seals set seq = 9", "delete from audit_seals", "truncate audit_seals"]) {
        await expect(database.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
      }
    });
  });
}
