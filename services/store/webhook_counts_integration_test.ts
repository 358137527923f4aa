import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import { type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createRepository } from "./repository.ts";

const STORE = "01900000-0000-7000-8000-000000000001";
let database: TestDatabase;
before(async () => {
  database = await testDatabase("store");
  const endpoint = newId();
  await database.owner.query(`
    set search_path = store, public;
    insert into webhook_endpoints (id, store_id, url, event_types, secret)
    values ('${endpoint}', '${STORE}', 'https://a.example', '{*}', '\\x00');
    with e as (
      insert into events (id, store_id, type, time, data)
      select gen_random_uuid(), '${STORE}', 'order.paid', now(), '{}' from generate_series(1, 50000) returning id
    )
    insert into webhook_deliveries (id, endpoint_id, event_id, state, next_time)
    select gen_random_uuid(), '${endpoint}', id, case when row_number() over () % 5000 = 0 then 'failed' else 'succeeded' end, null
    from e;
    analyze webhook_endpoints; analyze webhook_deliveries; reset search_path`);
});
after(() => database.drop());

describe("the failed deliveries of a store", () => {
  it("are counted, those of other stores not", async () => {
    const repository = createRepository(database.pool);
    expect(await repository.countFailedDeliveries(STORE)).toBe(10);
    expect(await repository.countFailedDeliveries(newId())).toBe(0);
  });

  it("are found by an index of their own among 50,000", async () => {
    const { rows } = await database.pool.query(
      `explain select from webhook_endpoints e join webhook_deliveries d on d.endpoint_id = e.id
       where e.store_id = '${STORE}' and d.state = 'failed' limit 1000`,
    );
    const plan = JSON.stringify(rows);
    expect(plan).toContain("webhook_deliveries_failed_idx");
    expect(plan).not.toContain("Seq Scan on webhook_deliveries");
  });
});
