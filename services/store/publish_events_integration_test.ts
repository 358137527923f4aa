import { expect } from "@std/expect";
import { after, afterEach, before, describe, it } from "@std/testing/bdd";
import { status } from "@grpc/grpc-js";
import type { FollowingEvent } from "../../proto/gen/nano/store/v1/store.ts";
import { SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { admin, as, refusal, startWebhookWorld, type WebhookWorld } from "./webhook_testing.ts";

const usd = (amount: number) => ({ amount, currency: "USD" });
const DAY = "2026-01-05T10:00:00Z";
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

let world: WebhookWorld;

before(async () => {
  world = await startWebhookWorld();
});
afterEach(() => world.closeReceivers());
after(() => world?.close());

function following(store_id: string, type: string, data: unknown, more: { id?: string; time?: string } = {}) {
  const { id = newId(), time = DAY } = more;
  const event = { id, type, store_id, time: new Date(time), data_json: JSON.stringify(data) };
  return { event, request_id: `request of ${id}`, traceparent: TRACE };
}

/** An order of so many pieces of each variant, at 10 cents a piece. */
function paid(
  store_id: string,
  pieces: Record<string, number>,
  more: { id?: string; time?: string; name?: string } = {},
) {
  const items = Object.entries(pieces).map(([variant_id, quantity]) => {
    const about = { product_id: newId(), sku: "TEA", name: more.name ?? "Tea" };
    return { ...about, variant_id, quantity, total: usd(10 * quantity) };
  });
  const total = usd(items.reduce((sum, { total }) => sum + total.amount, 0));
  return following(store_id, "order.paid", { total, items }, more);
}

/** The statuses and codes of the answers to a batch. */
async function publish(events: FollowingEvent[]): Promise<string[]> {
  const { outcomes } = await as(SYSTEM, () => world.client.publishEvents({ events }));
  return outcomes.map((one) => `${status[one.status]} ${one.error?.reason ?? ""}`.trim());
}

async function newStore(currency = "USD"): Promise<string> {
  const store = { slug: `s-${crypto.randomUUID().slice(0, 8)}`, name: "A store", currency, country: "US" };
  return (await as(admin, () => world.client.createStore({ store }))).id;
}

async function figures(id: string) {
  const found = await as(admin, () => world.client.getStoreStats({ id, from: "2026-01-01", to: "2026-01-31" }));
  return {
    orders: found.orders,
    revenue: found.revenue?.amount,
    new_customers: found.new_customers,
    sold: Object.fromEntries(
      found.best_sellers.map((
        { variant_id, name, quantity, revenue },
      ) => [variant_id, [name, quantity, revenue?.amount]]),
    ),
  };
}

async function kept(ids: string[]): Promise<number> {
  const { rows } = await world.database.owner.query("select from store.events where id = any($1)", [ids]);
  return rows.length;
}

describe("PublishEvents", () => {
  it("adds up the figures of several stores and days, the latest sale naming a variant", async () => {
    const [one, other] = [await newStore(), await newStore()];
    const [tea, cup] = [newId(), newId()];
    const outcomes = await publish([
      paid(one, { [tea]: 2 }, { name: "Green tea", time: "2026-01-05T23:00:00Z" }),
      paid(one, { [tea]: 3, [cup]: 1 }),
      paid(one, { [cup]: 5 }, { time: "2026-01-06T00:00:00Z", name: "Cup" }),
      paid(other, { [tea]: 1 }),
      following(one, "payment.captured", { payment: { captured_amount: usd(110) } }),
      following(other, "payment.captured", { payment: { captured_amount: usd(10) } }),
      following(one, "payment.refunded", { refund: { amount: usd(7) } }),
      following(one, "customer.created", { id: newId() }),
      following(one, "order.shipped", {}),
    ]);
    expect(new Set(outcomes)).toEqual(new Set(["OK"]));
    const sold = { [tea]: ["Green tea", 5, 50], [cup]: ["Cup", 6, 60] };
    expect(await figures(one)).toEqual({ orders: 3, revenue: 103, new_customers: 1, sold });
    expect(await figures(other)).toEqual({ orders: 1, revenue: 10, new_customers: 0, sold: { [tea]: ["Tea", 1, 10] } });
  });

  it("answers for each: what is wrong with one stops no other", async () => {
    const [usd_store, eur_store] = [await newStore(), await newStore("EUR")];
    const events = [
      paid(usd_store, { [newId()]: 1 }),
      following(usd_store, "order.paid", { total: 5 }),
      following(newId(), "order.placed", {}),
      paid(eur_store, { [newId()]: 1 }),
      { ...paid(usd_store, { [newId()]: 1 }), event: undefined },
      following(usd_store, "order.placed", { id: "last" }),
    ];
    expect(await publish(events)).toEqual([
      "OK",
      "INVALID_ARGUMENT INVALID_EVENT",
      "NOT_FOUND STORE_NOT_FOUND",
      "INVALID_ARGUMENT CURRENCY_MISMATCH",
      "INVALID_ARGUMENT INVALID_EVENT",
      "OK",
    ]);
    const ids = events.flatMap(({ event }) => event?.id ?? []);
    expect([await kept(ids), (await figures(usd_store)).orders]).toEqual([2, 1]);
  });

  it("keeps the others where the database takes one of them for unfit", async () => {
    const store_id = await newStore();
    const events = [
      paid(store_id, { [newId()]: 1 }),
      following(store_id, "order.placed", { note: "\0" }),
      paid(store_id, { [newId()]: 1 }),
    ];
    const outcomes = await publish(events);
    expect([outcomes[0], outcomes[2]]).toEqual(["OK", "OK"]);
    expect(outcomes[1]).not.toBe("OK");
    expect((await figures(store_id)).orders).toBe(2);
  });

  it("counts an event once: twice in one batch, and in batches at once that bring them in other orders", async () => {
    const store_id = await newStore();
    const variants = [newId(), newId(), newId()];
    const events = Array.from({ length: 12 }, (_, at) => [
      paid(store_id, Object.fromEntries(variants.map((id, line) => [id, 1 + ((at + line) % 3)]))),
      following(store_id, "payment.captured", { payment: { captured_amount: usd(60) } }),
    ]).flat();
    const batches = [[...events, ...events], events.toReversed(), events.slice(9), events.slice(0, 9).toReversed()];
    const outcomes = await Promise.all([...batches, ...batches].map(publish));
    expect(new Set(outcomes.flat())).toEqual(new Set(["OK"]));
    const sold = Object.fromEntries(variants.map((id) => [id, ["Tea", 24, 240]]));
    expect(await figures(store_id)).toEqual({ orders: 12, revenue: 720, new_customers: 0, sold });
  });

  it("waits for no other process that brings the same events, days and variants in another order", async () => {
    const store_id = await newStore();
    const variants = [newId(), newId()];
    const { repository, pool } = world.deps;
    const sale = { product_id: newId(), sku: "TEA", name: "Tea", quantity: 1, revenue: 10 };
    const about = { store_id, type: "order.paid", data: {}, orders: 1, revenue: 20 };
    for (let round = 0; round < 10; round++) {
      const batch = Array.from({ length: 40 }, (_, at) => ({
        ...about,
        id: newId(),
        time: new Date(`2026-01-0${1 + at % 2}T10:00:00Z`),
        sales: (at % 2 ? variants : variants.toReversed()).map((variant_id) => ({ ...sale, variant_id })),
      }));
      const others = batch.map((event) => ({ ...event, id: newId() })).toReversed();
      // Statements that run at once, each on its own connection.
      const work = [batch, others, batch.toReversed(), others.toReversed(), batch.toReversed(), batch];
      await Promise.all(work.map((events) => repository.insertEvents(pool, events)));
    }
    const { orders, sold } = await figures(store_id);
    expect([orders, Object.values(sold)]).toEqual([800, [["Tea", 800, 8000], ["Tea", 800, 8000]]]);
  });

  it("sends what somebody listens to, once, with the id and the trace of the request that it follows", async () => {
    const receiver = world.receive();
    const webhook = await world.subscribe(receiver.url, ["order.paid"]);
    const [first, second] = [paid(webhook.store_id, { [newId()]: 1 }), paid(webhook.store_id, { [newId()]: 1 })];
    const unheard = following(webhook.store_id, "order.placed", { id: newId() });
    expect(await publish([first, unheard, second, first])).toEqual(["OK", "OK", "OK", "OK"]);
    const { rows } = await world.database.owner.query<{ origin: { request_id: string; traceparent: string } }>(
      `select j.payload -> '_origin' as origin from store_jobs._private_jobs j
         join store.webhook_deliveries d on d.id = (j.payload ->> 'delivery_id')::uuid where d.endpoint_id = $1`,
      [webhook.id],
    );
    expect(rows.map(({ origin }) => origin.request_id).sort()).toEqual([first.request_id, second.request_id].sort());
    for (const { origin } of rows) expect(origin.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    await world.runWaiting(webhook.id);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(
      [first.event.id, second.event.id].sort(),
    );
    expect((await figures(webhook.store_id)).orders).toBe(2);
  });

  it("is for services only, and may bring nothing", async () => {
    expect(await refusal(as(admin, () => world.client.publishEvents({ events: [] })))).toBe("forbidden forbidden");
    expect(await publish([])).toEqual([]);
  });
});
