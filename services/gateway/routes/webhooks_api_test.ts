import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Webhook as Verifier } from "standardwebhooks";
import { call, type Caller, hire, openStore, operator, type ProblemBody, signUp, unique } from "../testing.ts";

interface Webhook extends ProblemBody {
  id: string;
  store_id: string;
  url: string;
  event_types: string[];
  disabled_reason?: string;
  secret?: string;
  version: number;
}

interface Delivery extends ProblemBody {
  id: string;
  event_id: string;
  event_type: string;
  state: string;
  attempt: number;
  body: string;
  attempts: { response_status?: number; response_start: string; request_headers: Record<string, string> }[];
}

interface Page<T> {
  data: T[];
  next_cursor: string | null;
  total?: number;
}

interface Received {
  headers: Record<string, string>;
  body: string;
}

/** A merchant's server. */
const received: Received[] = [];
let fails = 0;
const merchant = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
  received.push({ headers: Object.fromEntries(request.headers), body: await request.text() });
  return new Response("thanks", { status: fails-- > 0 ? 500 : 200 });
});
const url = `http://127.0.0.1:${merchant.addr.port}/hooks`;

let admin: Caller;
let shop: { id: string; slug: string };
let manager: Caller;

before(async () => {
  admin = await operator();
  shop = await openStore(admin);
  manager = { ...await hire(admin, shop.id, "manager"), store: shop.slug };
});

after(() => merchant.shutdown());

async function eventually<T>(look: () => Promise<T> | T, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0;; tries++) {
    const value = await look();
    if (fits(value) || tries >= 400) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const create = (more: object = {}, caller = manager) =>
  call<Webhook>(caller, "POST", "/webhooks", { url, event_types: ["*"], ...more });

const deliveriesOf = async (id: string) =>
  (await call<Page<Delivery>>(manager, "GET", `/webhooks/${id}/deliveries?limit=100`)).body.data;

/** Buys something in the store: a guest's order, paid. */
async function buy(): Promise<{ id: string }> {
  const product = { name: `Thing ${unique()}`, sku: unique(), price: 1000, stock: 5, status: "active" };
  const { body: made } = await call<{ variants: { id: string }[] }>(manager, "POST", "/products", product);
  const item = { variant_id: made.variants[0]?.id, quantity: 1 };
  const { body: cart } = await call<{ token: string }>({ store: shop.slug }, "POST", "/cart/items", item);
  const guest = { store: shop.slug, cart: cart.token };
  const keyed = () => ({ ...guest, headers: { "Idempotency-Key": crypto.randomUUID() } });
  const address = { name: "Ada Lovelace", line1: "12 St James's Square", city: "London", postal_code: "SW1Y 4JH" };
  const { body: order } = await call<{ id: string }>(keyed(), "POST", "/orders", {
    email: "ada@example.com",
    shipping_address: { ...address, country: "GB" },
  });
  const paid = await call(keyed(), "POST", "/payments", { order_id: order.id, method: "test", token: "tok_ok" });
  expect(paid.status).toBe(201);
  return order;
}

describe("a merchant", () => {
  it("is told of an order, its payment and its capture, signed, and has it told again", async () => {
    const types = ["order.placed", "order.paid", "payment.captured"];
    const made = await create({ event_types: types, description: "ERP" });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/webhooks/${made.body.id}`);
    expect(made.body).toMatchObject({ store_id: shop.id, url, event_types: types, status: "active", version: 1 });
    const secret = made.body.secret ?? "";
    expect(secret).toMatch(/^whsec_/);

    const order = await buy();
    const events = () =>
      received.map(({ body }) =>
        JSON.parse(body) as { type: string; data: { id?: string; payment?: { order_id: string } } }
      )
        .filter(({ data }) => (data.payment?.order_id ?? data.id) === order.id);
    const told = await eventually(events, (events) => events.length >= 3);
    expect(told.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
    for (const { body, headers } of received) new Verifier(secret).verify(body, headers);
    expect(JSON.stringify(told)).not.toContain("guest_hash");

    const log = await eventually(
      () => deliveriesOf(made.body.id),
      (all) => all.every(({ state }) => state !== "pending"),
    );
    expect(log.map(({ event_type, state, attempt }) => [event_type, state, attempt]).toSorted()).toEqual(
      types.toSorted().map((type) => [type, "succeeded", 1]),
    );
    const first = log[0];
    const replayed = await call<Delivery>(manager, "POST", `/webhook-deliveries/${first?.id}/replay`);
    expect([replayed.status, replayed.body.event_id]).toEqual([202, first?.event_id]);
    const look = async () => (await call<Delivery>(manager, "GET", `/webhook-deliveries/${first?.id}`)).body;
    const twice = await eventually(look, ({ attempts }) => attempts.length === 2);
    expect(twice.attempts.map(({ response_status, response_start }) => [response_status, response_start])).toEqual(
      [[200, "thanks"], [200, "thanks"]],
    );
    const same = received.filter(({ headers }) => headers["webhook-id"] === first?.event_id);
    expect(same.map(({ body }) => body)).toEqual([twice.body, twice.body]);
  });

  it("is told that an order is over since all was refunded", async () => {
    const { body: hook } = await create({ event_types: ["order.refunded"] });
    const { id } = await buy();
    const { body: { data: [payment] } } = await call<Page<{ id: string }>>(manager, "GET", `/payments?order_id=${id}`);
    const keyed = { ...manager, headers: { "Idempotency-Key": unique() } };
    expect((await call(keyed, "POST", `/payments/${payment?.id}/refunds`, { reason: "broken" })).status).toBe(201);
    const events = () => received.map(({ body }) => JSON.parse(body)).filter(({ type }) => type === "order.refunded");
    const told = await eventually(events, (all) => all.length > 0);
    expect(told).toMatchObject([{ data: { id, status: "refunded", payment_status: "refunded" } }]);
    await call(manager, "DELETE", `/webhooks/${hook.id}`);
  });

  it("gets what failed a few seconds later", async () => {
    const { body: hook } = await create({ event_types: ["product.archived"] });
    fails = 1;
    const tried = await call<Delivery>(manager, "POST", `/webhooks/${hook.id}/test`);
    expect([tried.status, tried.body.event_type]).toEqual([202, "webhook.test"]);
    const look = async () => (await call<Delivery>(manager, "GET", `/webhook-deliveries/${tried.body.id}`)).body;
    const done = await eventually(look, ({ state }) => state === "succeeded");
    expect(done.attempts.map(({ response_status }) => response_status)).toEqual([500, 200]);
  });

  it("changes, lists, rotates and deletes webhooks; secrets are shown once", async () => {
    const { body: hook } = await create();
    const at = `/webhooks/${hook.id}`;
    const read = await call<Webhook>(manager, "GET", at);
    expect([read.status, read.body.secret, read.headers.get("cache-control")]).toEqual([200, undefined, "no-store"]);
    const off = await call<Webhook>(manager, "PATCH", at, { status: "disabled", version: 1 });
    expect(off.body).toMatchObject({
      url,
      event_types: ["*"],
      status: "disabled",
      disabled_reason: "manual",
      version: 2,
    });
    expect((await call<Webhook>(manager, "POST", `${at}/test`)).body.code).toBe("webhook_disabled");
    const stale = await call<Webhook>(manager, "PUT", at, { url, event_types: ["order.paid"], version: 1 });
    expect([stale.status, stale.body.code, stale.body.version]).toEqual([409, "version_conflict", 2]);
    const on = await call<Webhook>(manager, "PUT", at, { url, event_types: ["order.paid"], version: 2 });
    expect(on.body).toMatchObject({ event_types: ["order.paid"], status: "active", version: 3 });
    const rotated = await call<Webhook & { old_secret_expire_time: string }>(manager, "POST", `${at}/secret`);
    expect([rotated.status, rotated.body.secret === hook.secret]).toEqual([200, false]);
    expect(rotated.body.old_secret_expire_time).toMatch(/^\d{4}-/);
    const list = await call<Page<Webhook>>(manager, "GET", "/webhooks?limit=1&count=exact");
    expect([list.body.data[0]?.id, list.body.data[0]?.secret, typeof list.body.next_cursor]).toEqual([
      hook.id,
      undefined,
      "string",
    ]);
    expect((await call(manager, "DELETE", at)).status).toBe(204);
    expect((await call<Webhook>(manager, "GET", at)).body.code).toBe("webhook_not_found");
  });

  const refused: [what: string, more: object, code: string, pointer: string][] = [
    ["a cloud's metadata", { url: "http://169.254.169.254/latest/meta-data" }, "webhook_url_refused", "/url"],
    ["a mapped address", { url: "http://[::ffff:127.0.0.1]/" }, "webhook_url_refused", "/url"],
    ["another scheme", { url: "file:///etc/passwd" }, "webhook_url_refused", "/url"],
    ["a password in the URL", { url: "https://a:b@erp.example/" }, "webhook_url_refused", "/url"],
    ["what is no URL", { url: "erp" }, "invalid_url", "/url"],
    ["no event types", { event_types: [] }, "invalid_field", "/event_types"],
    ["an unknown event type", { event_types: ["order.eaten"] }, "invalid_field", "/event_types/0"],
    ["a secret of one's own", { secret: "whsec_x" }, "unknown_field", "/secret"],
  ];
  for (const [what, more, code, pointer] of refused) {
    it(`is refused ${what}`, async () => {
      const { status, body } = await create(more);
      expect([status, body.code, body.errors[0]?.pointer]).toEqual([400, code, pointer]);
    });
  }
});

describe("everybody else", () => {
  it("is refused: strangers 401, customers and support 403, other stores' managers 404", async () => {
    const { body: hook } = await create();
    const { body: delivery } = await call<Delivery>(manager, "POST", `/webhooks/${hook.id}/test`);
    const elsewhere = await openStore(admin);
    const people: Caller[] = [
      {},
      await signUp(),
      await hire(admin, shop.id, "support"),
      await hire(admin, elsewhere.id, "manager"),
    ];
    const routes: [method: string, path: string, body?: object][] = [
      ["GET", "/webhooks"],
      ["POST", "/webhooks", { nonsense: true }],
      ["GET", `/webhooks/${hook.id}`],
      ["PUT", `/webhooks/${hook.id}`, { nonsense: true }],
      ["PATCH", `/webhooks/${hook.id}`, { nonsense: true }],
      ["DELETE", `/webhooks/${hook.id}`],
      ["POST", `/webhooks/${hook.id}/secret`],
      ["POST", `/webhooks/${hook.id}/test`],
      ["GET", `/webhooks/${hook.id}/deliveries`],
      ["GET", `/webhook-deliveries/${delivery.id}`],
      ["POST", `/webhook-deliveries/${delivery.id}/replay`],
    ];
    for (const [method, path, body] of routes) {
      const answers = await Promise.all(
        people.map((person) => call({ ...person, store: shop.slug }, method, path, body)),
      );
      expect([method, path, ...answers.map(({ status }) => status)]).toEqual([method, path, 401, 403, 403, 404]);
    }
    expect((await call(admin, "GET", `/webhooks/${hook.id}`)).status).toBe(200);
  });

  it("sees neither webhooks nor events of another store", async () => {
    const other = await openStore(admin);
    const { body: hook } = await create({ event_types: ["product.created"] }, { ...admin, store: other.slug });
    await buy();
    const page = await call<Page<Webhook>>({ ...admin, store: other.slug }, "GET", "/webhooks");
    expect(page.body.data.map(({ id }) => id)).toEqual([hook.id]);
    const log = await call<Page<Delivery>>(admin, "GET", `/webhooks/${hook.id}/deliveries`);
    expect(log.body.data).toEqual([]);
  });
});
