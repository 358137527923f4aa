import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type StoreInput, type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import type { Actor } from "../shared/auth.ts";
import { ANONYMOUS, SYSTEM } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { as, type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs } from "./jobs.ts";
import { log, storeDeps } from "./testing.ts";

const admin: Actor = { kind: "user", user_id: newId(), role: "admin", store_roles: [] };
const customer: Actor = { kind: "user", user_id: newId(), role: "customer", store_roles: [] };
const staffOf = (store_id: string, role: string): Actor => ({ ...customer, store_roles: [{ store_id, role }] });

let database: TestDatabase;
let deps: Awaited<ReturnType<typeof storeDeps>>;
let client: Rpcs<StoreServiceServer> & { close(): void };
let stop: () => Promise<void>;

before(async () => {
  database = await testDatabase("store");
  deps = await storeDeps(database);
  const server = createServer<StoreServiceServer>(StoreServiceService, createHandlers(deps), log);
  const port = await listen(server, "127.0.0.1:0");
  client = connect<StoreServiceServer>(StoreServiceService, `127.0.0.1:${port}`);
  stop = () => stopServer(server);
});

after(async () => {
  client.close();
  deps.close();
  await stop();
  await database.drop();
});

/** The refusal of a call as "kind code". */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(NanoError);
  return `${error.kind} ${error.code}`;
}

const input = (more: Partial<StoreInput> = {}): StoreInput => ({
  slug: `s-${crypto.randomUUID().slice(0, 8)}`,
  name: "A store",
  currency: "USD",
  country: "US",
  ...more,
});
const create = (more: Partial<StoreInput> = {}) => as(admin, () => client.createStore({ store: input(more) }));

describe("GetStore", () => {
  it("gives the default store where none is named", async () => {
    const store = await as(ANONYMOUS, () => client.getStore({ id_or_slug: "" }));
    expect([store.slug, store.name, store.currency, store.currencies]).toEqual(["default", "Nano Store", "USD", [
      "USD",
    ]]);
    expect([store.country, store.locale, store.tax, store.status]).toEqual(["US", "en-US", {
      rate_bp: 0,
      included: false,
    }, "active"]);
  });

  it("finds a store by slug and by id", async () => {
    const made = await create({
      currency: "JPY",
      country: "JP",
      locale: "ja-JP",
      tax: { rate_bp: 1000, included: true },
    });
    expect(await as(ANONYMOUS, () => client.getStore({ id_or_slug: made.slug }))).toEqual(made);
    expect(await as(ANONYMOUS, () => client.getStore({ id_or_slug: made.id }))).toEqual(made);
    expect([made.version, made.tax]).toEqual([1, { rate_bp: 1000, included: true }]);
  });

  it("knows no other", async () => {
    for (const id_or_slug of ["nowhere", newId(), "' or 1=1 --"]) {
      expect(await refusal(as(ANONYMOUS, () => client.getStore({ id_or_slug })))).toBe("not_found store_not_found");
    }
  });
});

describe("CreateStore", () => {
  it("is for admins", async () => {
    const store = input();
    expect(await refusal(as(ANONYMOUS, () => client.createStore({ store })))).toBe("unauthenticated unauthenticated");
    expect(await refusal(as(customer, () => client.createStore({ store })))).toBe("forbidden forbidden");
    expect(await refusal(as(staffOf(newId(), "manager"), () => client.createStore({ store })))).toBe(
      "forbidden forbidden",
    );
  });

  it("refuses a slug that is taken, also of two at once", async () => {
    const store = input();
    const both = await Promise.allSettled([1, 2].map(() => as(admin, () => client.createStore({ store }))));
    expect(both.filter((one) => one.status === "fulfilled").length).toBe(1);
    expect(await refusal(as(admin, () => client.createStore({ store })))).toBe("conflict slug_taken");
  });
});

describe("UpdateStore", () => {
  it("replaces the settings and counts the version up", async () => {
    const { id, slug, version } = await create();
    const store = input({ slug, name: "Renamed", locale: "de-DE", country: "DE" });
    const updated = await as(staffOf(id, "manager"), () => client.updateStore({ id, version, store }));
    expect([updated.name, updated.locale, updated.country, updated.version]).toEqual(["Renamed", "de-DE", "DE", 2]);
  });

  it("refuses a version that is not the latest and says which is", async () => {
    const { id, slug } = await create();
    await as(admin, () => client.updateStore({ id, version: 1, store: input({ slug }) }));
    const error = await as(admin, () => client.updateStore({ id, version: 1, store: input({ slug }) })).catch((error) =>
      error
    );
    expect([error.kind, error.code, error.extras.members]).toEqual(["conflict", "version_conflict", { version: 2 }]);
  });

  it("refuses another currency", async () => {
    const { id, slug, version } = await create();
    const error = await as(admin, () => client.updateStore({ id, version, store: input({ slug, currency: "EUR" }) }))
      .catch((error) => error);
    expect([error.code, error.extras.errors[0].pointer]).toEqual(["currency_fixed", "/currency"]);
  });

  it("refuses strangers, other roles and other stores' staff", async () => {
    const { id, slug, version } = await create();
    const update = () => client.updateStore({ id, version, store: input({ slug }) });
    expect(await refusal(as(ANONYMOUS, update))).toBe("unauthenticated unauthenticated");
    expect(await refusal(as(customer, update))).toBe("forbidden forbidden");
    expect(await refusal(as(staffOf(id, "support"), update))).toBe("forbidden forbidden");
    expect(await refusal(as(staffOf(newId(), "manager"), update))).toBe("not_found store_not_found");
  });

  it("refuses another store's slug", async () => {
    const [one, other] = [await create(), await create()];
    const taken = as(admin, () => client.updateStore({ id: one.id, version: 1, store: input({ slug: other.slug }) }));
    expect(await refusal(taken)).toBe("conflict slug_taken");
  });
});

describe("SetStoreStatus", () => {
  it("is for admins; the same status again changes nothing", async () => {
    const { id } = await create();
    expect(await refusal(as(staffOf(id, "manager"), () => client.setStoreStatus({ id, status: "closed" })))).toBe(
      "forbidden forbidden",
    );
    expect((await as(admin, () => client.setStoreStatus({ id, status: "suspended" }))).version).toBe(2);
    const again = await as(admin, () => client.setStoreStatus({ id, status: "suspended" }));
    expect([again.status, again.version]).toEqual(["suspended", 2]);
  });
});

describe("ListStores", () => {
  it("shows strangers the active ones, staff also their own, an admin all", async () => {
    const { id } = await create();
    await as(admin, () => client.setStoreStatus({ id, status: "suspended" }));
    const listed = async (actor: Actor) => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await as(actor, () => client.listStores({ limit: 3, cursor, count: false }));
        ids.push(...page.data.map((store) => store.id));
        cursor = page.next_cursor;
      } while (cursor);
      expect(new Set(ids).size).toBe(ids.length);
      return ids.includes(id);
    };
    expect(await listed(ANONYMOUS)).toBe(false);
    expect(await listed(staffOf(newId(), "manager"))).toBe(false);
    expect(await listed(staffOf(id, "support"))).toBe(true);
    expect(await listed(admin)).toBe(true);
  });

  it("counts when asked, and refuses a made-up cursor", async () => {
    const page = await as(admin, () => client.listStores({ limit: 100, count: true }));
    expect(page.total).toBe(page.data.length);
    expect(await refusal(as(admin, () => client.listStores({ limit: 1, cursor: "WzFd", count: false })))).toBe(
      "invalid invalid_cursor",
    );
  });
});

describe("PublishEvent and GetStoreStats", () => {
  const usd = (amount: number) => ({ amount, currency: "USD" });
  const line = { product_id: newId(), sku: "TEA", name: "Tea" };
  const publish = (type: string, store_id: string, data: unknown, time: Date, id = newId()) =>
    as(SYSTEM, () => client.publishEvent({ event: { id, type, store_id, time, data_json: JSON.stringify(data) } }));
  const stats = (id: string, from = "2026-01-01", to = "2026-01-31") =>
    as(admin, () => client.getStoreStats({ id, from, to }));

  it("counts orders, refunds and customers, each event once however often it comes", async () => {
    const { id } = await create();
    const [tea, cup] = [newId(), newId()];
    const order = (amount: number, items: unknown[]) => ({ total: usd(amount), items });
    const first = newId();
    const paid = order(3300, [{ ...line, variant_id: tea, quantity: 3, total: usd(3000) }, {
      ...line,
      variant_id: cup,
      quantity: 1,
      total: usd(300),
    }]);
    const capture = (amount: number) => ({ payment: { captured_amount: usd(amount) } });
    await Promise.all([1, 2, 3].map(() => publish("order.paid", id, paid, new Date("2026-01-05T10:00:00Z"), first)));
    const taken = newId();
    await Promise.all(
      [1, 2].map(() => publish("payment.captured", id, capture(3300), new Date("2026-01-05T10:00:01Z"), taken)),
    );
    const again = order(1200, [{ ...line, name: "Green tea", variant_id: tea, quantity: 1, total: usd(1200) }]);
    await publish("order.paid", id, again, new Date("2026-01-06T23:59:59Z"));
    await publish("payment.captured", id, capture(1200), new Date("2026-01-06T23:59:59Z"));
    await publish(
      "payment.refunded",
      id,
      { payment: {}, refund: { amount: usd(500) } },
      new Date("2026-01-07T00:00:00Z"),
    );
    await publish(
      "customer.created",
      id,
      { id: newId(), create_time: "2026-01-07T00:00:00Z" },
      new Date("2026-01-07T00:00:00Z"),
    );
    await publish("order.shipped", id, {}, new Date("2026-01-07T00:00:00Z"));

    const found = await stats(id);
    expect([found.orders, found.revenue, found.average_order, found.new_customers]).toEqual([
      2,
      usd(4000),
      usd(2000),
      1,
    ]);
    expect(
      found.best_sellers.map((
        { variant_id, name, quantity, revenue },
      ) => [variant_id, name, quantity, revenue?.amount]),
    ).toEqual([
      [tea, "Green tea", 4, 4200],
      [cup, "Tea", 1, 300],
    ]);
    expect(found.days.length).toBe(31);
    expect(found.days.slice(4, 7).map(({ orders, revenue }) => [orders, revenue?.amount])).toEqual([[1, 3300], [
      1,
      1200,
    ], [0, -500]]);
  });

  it("takes the revenue from what is captured: none, a part, or what is given back as it came too late", async () => {
    const { id } = await create();
    const at = new Date("2026-01-05T10:00:00Z");
    const paid = { total: usd(900), items: [] };
    for (let count = 0; count < 2; count++) await publish("order.paid", id, paid, at);
    await publish("order.cancelled", id, {}, at);
    expect([(await stats(id)).orders, (await stats(id)).revenue]).toEqual([2, usd(0)]);
    await publish("payment.captured", id, { payment: { amount: usd(900), captured_amount: usd(400) } }, at);
    expect((await stats(id)).revenue).toEqual(usd(400));
    await publish("payment.captured", id, { payment: { captured_amount: usd(700) } }, at);
    await publish("payment.refunded", id, { payment: {}, refund: { amount: usd(700) } }, at);
    expect((await stats(id)).revenue).toEqual(usd(400));
  });

  it("adds up two lines of one variant", async () => {
    const { id } = await create();
    const item = { ...line, variant_id: newId(), quantity: 2, total: usd(10) };
    await publish("order.paid", id, { total: usd(20), items: [item, item] }, new Date("2026-01-05T10:00:00Z"));
    expect((await stats(id)).best_sellers.map(({ quantity, revenue }) => [quantity, revenue?.amount])).toEqual([[
      4,
      20,
    ]]);
  });

  it("counts many events of one day at once", async () => {
    const { id } = await create();
    const paid = { total: usd(7), items: [{ ...line, variant_id: newId(), quantity: 1, total: usd(7) }] };
    const captured = { payment: { captured_amount: usd(7) } };
    await Promise.all(
      Array.from({ length: 20 }, () => [
        publish("order.paid", id, paid, new Date("2026-01-09T00:00:00Z")),
        publish("payment.captured", id, captured, new Date("2026-01-09T00:00:00Z")),
      ]).flat(),
    );
    expect([(await stats(id)).orders, (await stats(id)).revenue]).toEqual([20, usd(140)]);
  });

  it("takes back all of an event whose data is wrong", async () => {
    const { id } = await create();
    const event = newId();
    expect(await refusal(publish("order.paid", id, { total: 5 }, new Date(), event))).toBe("invalid invalid_event");
    expect(
      await refusal(
        publish("payment.refunded", id, { refund: { amount: { amount: 1, currency: "EUR" } } }, new Date(), event),
      ),
    )
      .toBe("invalid currency_mismatch");
    expect((await database.owner.query("select from store.events where id = $1", [event])).rowCount).toBe(0);
  });

  it("takes events from services only, and of stores that are there", async () => {
    const event = { id: newId(), type: "order.placed", store_id: newId(), time: new Date(), data_json: "{}" };
    expect(await refusal(as(admin, () => client.publishEvent({ event })))).toBe("forbidden forbidden");
    expect(await refusal(as(SYSTEM, () => client.publishEvent({ event })))).toBe("not_found store_not_found");
  });

  it("shows figures to the store's staff only", async () => {
    const { id } = await create();
    const ask = () => client.getStoreStats({ id, from: "", to: "" });
    expect((await as(staffOf(id, "support"), ask)).days.length).toBe(30);
    expect(await refusal(as(ANONYMOUS, ask))).toBe("unauthenticated unauthenticated");
    expect(await refusal(as(customer, ask))).toBe("forbidden forbidden");
    expect(await refusal(as(staffOf(newId(), "manager"), ask))).toBe("not_found store_not_found");
  });

  it("forgets events after 30 days and keeps the figures", async () => {
    const { id } = await create();
    const event = newId();
    await publish("customer.created", id, {}, new Date("2026-01-05T10:00:00Z"), event);
    await database.owner.query("update store.events set receive_time = now() - interval '31 days' where id = $1", [
      event,
    ]);
    await createJobs(deps)["reap_events"]?.({});
    expect((await database.owner.query("select from store.events where id = $1", [event])).rowCount).toBe(0);
    expect((await stats(id)).new_customers).toBe(1);
  });

  it("forgets events however many they are, not all by one statement", async () => {
    const { id } = await create();
    await database.owner.query(
      `insert into store.events (id, store_id, type, time, data, receive_time)
       select gen_random_uuid(), $1, 'order.placed', now(), '{}', now() - interval '31 days' from generate_series(1, 900)`,
      [id],
    );
    await database.owner.query(`
      create function refuse_many() returns trigger language plpgsql as $$
      begin if (select count(*) from gone) > 500 then raise 'too many'; end if; return null; end $$;
      create trigger refuse_many after delete on store.events referencing old table as gone
        for each statement execute function refuse_many()`);
    await createJobs(deps)["reap_events"]?.({});
    await database.owner.query("drop function refuse_many cascade");
    expect((await database.owner.query("select from store.events where store_id = $1", [id])).rowCount).toBe(0);
  });
});

describe("the audit of stores", () => {
  it("notes who changed what, from what to what", async () => {
    const { id, slug } = await create();
    await as(admin, () => client.updateStore({ id, version: 1, store: input({ slug, name: "Renamed" }) }));
    await as(admin, () => client.setStoreStatus({ id, status: "closed" }));
    const { rows } = await database.owner.query(
      "select actor, request_id, action, before, after from store.audit_log where row_id = $1 order by id",
      [id],
    );
    expect(rows.map((row) => [row.actor, row.request_id, row.action])).toEqual(
      ["insert", "update", "update"].map((action) => [`user:${admin.user_id}`, "test", action]),
    );
    expect([rows[0].before, rows[0].after.name]).toEqual([null, "A store"]);
    expect([rows[1].before, rows[1].after]).toEqual([{ name: "A store", version: 1 }, { name: "Renamed", version: 2 }]);
    expect([rows[2].before, rows[2].after]).toEqual([{ status: "active", version: 2 }, {
      status: "closed",
      version: 3,
    }]);
  });

  it("can't be written by the service itself", async () => {
    for (
      const statement of [
        "update audit_log set actor = 'nobody'",
        "delete from audit_log",
        "insert into audit_log default values",
      ]
    ) {
      await expect(database.pool.query(statement)).rejects.toThrow("permission denied");
    }
  });
});

describe("the stores table", () => {
  it("has one default store at most", async () => {
    const work = database.owner.query("update store.stores set is_default = true");
    await expect(work).rejects.toThrow("stores_default_key");
  });

  it("keeps the currency", async () => {
    const work = database.owner.query("update store.stores set currency = 'EUR'");
    await expect(work).rejects.toThrow("currency of a store is fixed");
  });
});
