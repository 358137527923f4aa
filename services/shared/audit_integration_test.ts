import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { auditStatement } from "./audit.ts";
import { newId } from "./ids.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

/** The logs are alike in the four services that keep one. */
for (const service of ["user", "product", "payment", "store"]) {
  describe(`the audit log of ${service} over 50,000 entries`, () => {
    const store_id = newId();
    const row_id = newId();
    let database: TestDatabase;
    before(async () => {
      database = await testDatabase(service);
      await database.owner.query(`
        set search_path = "${service}", public;
        insert into audit_log (time, actor, request_id, table_name, row_id, action, after, store_id)
        select now() - i * interval '1 s', case when i % 500 = 0 then 'user:rare' else 'service' end, case when i % 500 = 0 then 'rare' else i::text end,
          case when i % 700 = 0 then 'rare' else 'usual' end,
          case when i % 5000 = 0 then '${row_id}' else gen_random_uuid()::text end, 'insert', '{}',
          case when i % 100 = 0 then '${store_id}'::uuid else gen_random_uuid() end
        from generate_series(1, 50000) i;
        analyze audit_log; reset search_path`);
    });
    after(() => database.drop());

    const all = { from: undefined, to: undefined, before_time: undefined, before_id: 0 };
    const filters: [string, Partial<ListAuditRequest>, string[] | undefined][] = [
      ["all of it", {}, undefined],
      ["a store", {}, [store_id]],
      ["two stores", {}, [store_id, newId()]],
      ["a table", { table_name: "rare" }, undefined],
      ["a row", { table_name: "usual", row_id }, undefined],
      ["an actor", { actor: "user:rare" }, undefined],
      ["an action", { action: "insert" }, undefined],
      ["a request", { request_id: "rare" }, undefined],
      ["a span", { from: new Date(Date.now() - 600_000), to: new Date() }, undefined],
      ["an actor in a store", { actor: "user:rare" }, [store_id]],
      ["a later page", { before_time: new Date(Date.now() - 3_600_000), before_id: 5 }, undefined],
      ["a later page of a store", { before_time: new Date(Date.now() - 3_600_000), before_id: 5 }, [store_id]],
    ];
    for (const [what, filter, stores] of filters) {
      it(`reads ${what} by an index`, async () => {
        const { text, values } = auditStatement({ ...all, ...filter }, stores, 21);
        const { rows } = await database.pool.query(`explain (analyze) ${text}`, values);
        const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
        expect(plan).toMatch(/using audit_log_|on audit_log_/);
        expect(plan).not.toContain("Seq Scan");
      });
    }

    it("can't be written by the service", async () => {
      await expect(database.pool.query("update audit_log set store_id = null")).rejects.toMatchObject({
        code: "42501",
      });
    });
  });
}
