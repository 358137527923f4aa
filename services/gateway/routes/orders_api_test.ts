import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { type Answer, call, type Caller, hire, openStore, operator, type Person, signUp, unique } from "../testing.ts";

interface Money {
  amount: number;
  currency: string;
}

interface Order {
  id: string;
  number: number;
  store_id: string;
  user_id?: string;
  email: string;
  status: string;
  payment_status: string;
  items: { id: string; variant_id: string; sku: string; quantity: number; total: Money }[];
  subtotal: Money;
  tax: Money;
  total: Money;
  history: { from: string; to: string; actor: string; reason: string }[];
  expire_time?: string;
  create_time: string;
  code?: string;
}

interface Payment {
  id: string;
  status: string;
  amount: Money;
  code?: string;
  failure_code?: string;
}

interface Problem {
  code: string;
  errors?: { pointer: string; code: string }[];
  [member: string]: unknown;
}

interface Shop {
  id: string;
  slug: string;
}

const address = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

let admin: Caller;
let store: Shop;

before(async () => {
  admin = await operator();
  store = await openStore(admin, { tax: { rate_bp: 1000, included: false } });
});

/** Puts a product of one's own on sale; gives its variant. */
async function sell(stock: number, price = 1000, shop = store): Promise<string> {
  const { body } = await call<{ variants: { id: string }[] }>({ ...admin, store: shop.slug }, "POST", "/products", {
    name: `Thing ${unique()}`,
    sku: unique(),
    price,
    stock,
    status: "active",
  });
  return body.variants[0]!.id;
}

/** How many of a variant can be bought, as staff see it. */
async function available(variant_id: string, shop = store): Promise<number> {
  const { body } = await call<{ available: number }>(
    { ...admin, store: shop.slug },
    "POST",
    `/variants/${variant_id}/stock`,
    {
      delta: 1,
      reason: "count",
    },
  );
  await call({ ...admin, store: shop.slug }, "POST", `/variants/${variant_id}/stock`, { delta: -1, reason: "count" });
  return body.available - 1;
}

/** Fills a cart; gives the caller with the guest's token, if it is a guest. */
async function fill(caller: Caller, variant_id: string, quantity = 1): Promise<Caller> {
  const here = { store: store.slug, ...caller };
  const { status, body } = await call<{ token?: string }>(here, "POST", "/cart/items", { variant_id, quantity });
  expect(status).toBe(201);
  return body.token ? { ...here, cart: body.token } : here;
}

function keyed(caller: Caller, key: string = crypto.randomUUID()): Caller {
  return { ...caller, headers: { ...caller.headers, "Idempotency-Key": key } };
}

const place = <Body = Order>(caller: Caller, more: object = {}, key?: string): Promise<Answer<Body>> =>
  call<Body>(keyed(caller, key), "POST", "/orders", { shipping_address: address, email: "ada@example.com", ...more });

const pay = (caller: Caller, order_id: string, token = "tok_ok", key?: string) =>
  call<Payment>(keyed(caller, key), "POST", "/payments", { order_id, method: "test", token });

const move = (caller: Caller, id: string, body: object) =>
  call<Order & Problem>(caller, "PUT", `/orders/${id}/status`, body);

async function eventually<T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0;; tries++) {
    const value = await look();
    if (fits(value) || tries >= 100) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a guest", () => {
  it("orders, pays and is refunded in full", async () => {
    const variant_id = await sell(5, 1999);
    const guest = await fill({}, variant_id, 2);
    const placed = await place(guest, { expected_total: { amount: 4398, currency: "USD" }, note: "Ring twice." });
    expect(placed.status).toBe(201);
    expect(placed.headers.get("Location")).toBe(`/orders/${placed.body.id}`);
    expect(placed.headers.get("Idempotent-Replayed")).toBeNull();
    expect(placed.body).toMatchObject({
      store_id: store.id,
      email: "ada@example.com",
      status: "pending_payment",
      payment_status: "unpaid",
      items: [{ variant_id, quantity: 2, unit_price: { amount: 1999 }, tax: { amount: 400 }, total: { amount: 4398 } }],
      subtotal: { amount: 3998, currency: "USD" },
      discount: { amount: 0 },
      shipping: { amount: 0 },
      tax: { amount: 400 },
      total: { amount: 4398 },
      shipping_address: address,
      note: "Ring twice.",
      history: [{ from: "", to: "pending_payment", actor: "guest" }],
      expire_time: expect.any(String),
    });
    expect(await available(variant_id)).toBe(3);

    const payment = await pay(guest, placed.body.id);
    expect([payment.status, payment.body.status, payment.body.amount]).toEqual([201, "captured", placed.body.total]);
    const paid = (await call<Order>(guest, "GET", `/orders/${placed.body.id}`)).body;
    expect(paid).toMatchObject({ status: "paid", payment_status: "paid" });
    expect(paid).not.toHaveProperty("expire_time");

    const refund = await call(keyed(admin), "POST", `/payments/${payment.body.id}/refunds`, {
      reason: "Broken",
      restock: true,
    });
    expect(refund.status).toBe(201);
    const look = async () => (await call<Order>(guest, "GET", `/orders/${placed.body.id}`)).body;
    const refunded = await eventually(look, ({ status }) => status === "refunded");
    expect(refunded).toMatchObject({ status: "refunded", payment_status: "refunded" });
    expect(await eventually(() => available(variant_id), (count) => count === 5)).toBe(5);
  });

  it("needs an e-mail address", async () => {
    const guest = await fill({}, await sell(1));
    const { status, body } = await place<Problem>(guest, { email: undefined });
    expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([400, "email_required", "/email"]);
  });

  it("starts a new cart after an order", async () => {
    const variant_id = await sell(5);
    const guest = await fill({}, variant_id);
    await place(guest);
    expect((await call<{ items: unknown[] }>(guest, "GET", "/cart")).body.items).toEqual([]);
    const again = await place<Problem>(guest);
    expect([again.status, again.body.code]).toEqual([409, "cart_ordered"]);
    await fill(guest, variant_id);
    expect((await place(guest)).status).toBe(201);
  });
});

describe("a customer", () => {
  it("is declined, keeps the stock held, and pays after all", async () => {
    const customer = await signUp();
    const variant_id = await sell(1);
    const buyer = await fill(customer, variant_id);
    const { body: order } = await place(buyer, { email: undefined });
    expect(order).toMatchObject({ user_id: customer.id, email: customer.email });
    const declined = await pay(buyer, order.id, "tok_declined", "declined");
    expect([declined.status, declined.body.code, declined.body.failure_code]).toEqual([
      402,
      "payment_declined",
      "card_declined",
    ]);
    const again = await pay(buyer, order.id, "tok_declined", "declined");
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([402, "true"]);
    expect((await call<Order>(buyer, "GET", `/orders/${order.id}`)).body).toMatchObject({
      status: "pending_payment",
      payment_status: "failed",
    });
    expect(await available(variant_id)).toBe(0);
    expect((await pay(buyer, order.id)).status).toBe(201);
    const paid = await pay(buyer, order.id);
    expect([paid.status, paid.body.code]).toEqual([409, "already_paid"]);
  });

  it("pays with the order, and gets the order even if that is declined", async () => {
    const buyer = await fill(await signUp(), await sell(10));
    const paid = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    expect([paid.status, paid.body.status, paid.body.payment_status]).toEqual([201, "paid", "paid"]);
    const other = await fill(await signUp(), await sell(10));
    const declined = await place(other, { payment: { method: "test", token: "tok_declined" } });
    expect([declined.status, declined.body.status, declined.body.payment_status]).toEqual([
      201,
      "pending_payment",
      "failed",
    ]);
  });

  it("cancels before fulfilment: money and goods come back", async () => {
    const variant_id = await sell(3);
    const buyer = await fill(await signUp(), variant_id, 3);
    const { body: order } = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    expect(await available(variant_id)).toBe(0);
    const cancelled = await move(buyer, order.id, { status: "cancelled", reason: "Changed my mind" });
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({ status: "cancelled", payment_status: "refunded" });
    expect(cancelled.body.history.map(({ to }) => to)).toContain("cancelled");
    expect(await available(variant_id)).toBe(3);
    const again = await move(buyer, order.id, { status: "cancelled" });
    expect([again.status, again.body.code, again.body["allowed"]]).toEqual([409, "invalid_transition", []]);
  });

  it("sees nobody else's orders, and moves none", async () => {
    const buyer = await fill(await signUp(), await sell(1));
    const { body: order } = await place(buyer);
    const other = await signUp();
    for (const stranger of [other, { cart: "A".repeat(43) }]) {
      expect((await call(stranger, "GET", `/orders/${order.id}`)).status).toBe(404);
      expect((await call(stranger, "GET", `/orders/${order.id}/shipments`)).status).toBe(404);
      expect((await move(stranger, order.id, { status: "cancelled" })).status).toBe(404);
      expect((await pay(stranger, order.id)).status).toBe(404);
    }
    expect((await call({}, "GET", `/orders/${order.id}`)).status).toBe(401);
    expect((await call({}, "GET", "/orders")).status).toBe(401);
    expect((await call<{ data: unknown[] }>({ ...other, store: store.slug }, "GET", "/orders")).body.data).toEqual([]);
    expect((await move(buyer, order.id, { status: "processing" })).status).toBe(403);
    expect((await call(buyer, "GET", "/orders/no-uuid")).status).toBe(404);
  });
});

describe("a provider that does not answer", () => {
  it("leaves the payment unknown: 202, to be polled, and shown under its key as it is then", async () => {
    const variant_id = await sell(1);
    const buyer = await fill(await signUp(), variant_id);
    const { body: order } = await place(buyer);
    const first = await pay(buyer, order.id, "tok_timeout_after_charge", "silent");
    expect([first.status, first.body.status]).toEqual([202, "unknown"]);
    const look = async () => (await call<Order>(buyer, "GET", `/orders/${order.id}`)).body;
    expect((await eventually(look, ({ status }) => status === "paid")).payment_status).toBe("paid");
    const again = await pay(buyer, order.id, "tok_timeout_after_charge", "silent");
    expect([again.status, again.body.status, again.headers.get("Idempotent-Replayed")]).toEqual([
      201,
      "captured",
      "true",
    ]);
    expect(again.body.id).toBe(first.body.id);
  });
});

describe("the store's figures", () => {
  it("count what is paid, and take off what is refunded", async () => {
    const shop = await openStore(admin);
    const buyer = await fill({ ...await signUp(), store: shop.slug }, await sell(9, 1500, shop), 2);
    const { body: order } = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    interface Stats {
      orders: number;
      revenue: Money;
      best_sellers: { quantity: number }[];
    }
    const look = async () => (await call<Stats>(admin, "GET", `/stores/${shop.id}/stats`)).body;
    const paid = await eventually(look, ({ orders }) => orders === 1);
    expect(paid).toMatchObject({ orders: 1, revenue: { amount: 3000 }, best_sellers: [{ quantity: 2 }] });
    await move(buyer, order.id, { status: "cancelled" });
    const after = await eventually(look, ({ revenue }) => revenue.amount === 0);
    expect(after.revenue).toEqual({ amount: 0, currency: "USD" });
  });
});

describe("the store's staff", () => {
  let manager: Person;
  let support: Person;
  before(async () => {
    [manager, support] = [await hire(admin, store.id, "manager"), await hire(admin, store.id, "support")];
  });

  it("take an order to its end, in parcels", async () => {
    const buyer = await fill(await signUp(), await sell(3), 3);
    const { body: order } = await place(buyer, { payment: { method: "manual" } });
    expect(order).toMatchObject({ status: "paid", payment_status: "authorized" });
    const path = `/orders/${order.id}/shipments`;
    const parcel = { carrier: "DHL", tracking_number: "4242424242424242", tracking_url: "https://track.example/1" };
    const [line] = order.items;
    const first = await call<{ id: string; items: unknown[] }>(manager, "POST", path, {
      ...parcel,
      items: [{ id: line!.id, quantity: 2 }],
    });
    expect([first.status, first.body.items]).toEqual([201, [{ id: line!.id, quantity: 2 }]]);
    const over = await call<Problem>(manager, "POST", path, { ...parcel, items: [{ id: line!.id, quantity: 2 }] });
    expect([over.status, over.body.code]).toEqual([409, "over_shipment"]);
    const early = await move(manager, order.id, { status: "delivered" });
    expect([early.status, early.body["allowed"]]).toEqual([409, ["shipped", "cancelled"]]);
    expect((await call(manager, "POST", path, parcel)).status).toBe(201);
    expect((await call<{ data: unknown[] }>(buyer, "GET", path)).body.data).toHaveLength(2);
    expect((await call<Order>(buyer, "GET", `/orders/${order.id}`)).body.status).toBe("shipped");
    for (const status of ["delivered", "completed"]) {
      expect((await move(manager, order.id, { status })).body.status).toBe(status);
    }
  });

  it("may only read as support", async () => {
    const buyer = await fill(await signUp(), await sell(1));
    const { body: order } = await place(buyer);
    expect((await call(support, "GET", `/orders/${order.id}`)).status).toBe(200);
    expect((await move(support, order.id, { status: "nonsense" })).status).toBe(403);
    expect((await call(support, "POST", `/orders/${order.id}/shipments`, {})).status).toBe(403);
  });

  it("find their store's orders, and no other's", async () => {
    const customer = await signUp();
    const { body: order } = await place(await fill(customer, await sell(1)), { email: `${unique()}@find.example` });
    const here = { ...manager, store: store.slug };
    const find = async (query: string, caller: Caller = here) => {
      const { status, body } = await call<{ data: Order[]; total?: number }>(caller, "GET", `/orders?${query}`);
      expect(status).toBe(200);
      return body.data.map(({ id }) => id);
    };
    expect(await find(`q=${order.email.slice(0, 18)}`)).toEqual([order.id]);
    expect(await find(`user_id=${customer.id}&status=pending_payment&from=${order.create_time}`)).toEqual([order.id]);
    expect(await find(`q=${order.number}`)).toContain(order.id);
    expect(await find(`user_id=${customer.id}&status=paid`)).toEqual([]);
    const other = await hire(admin, (await openStore(admin)).id, "manager");
    expect(await find("", { ...other, store: store.slug })).toEqual([]);
    expect((await call(other, "GET", `/orders/${order.id}`)).status).toBe(404);
    expect((await move(other, order.id, { status: "cancelled" })).status).toBe(404);
    const all = await call<{ data: Order[]; total: number; next_cursor: string }>(
      here,
      "GET",
      "/orders?limit=1&count=exact",
    );
    expect(all.body.total).toBeGreaterThan(1);
    const next = await call<{ data: Order[] }>(here, "GET", `/orders?limit=1&cursor=${all.body.next_cursor}`);
    expect(next.body.data[0]?.id).not.toBe(all.body.data[0]?.id);
  });
});

describe("two stores", () => {
  it("count, price and list their orders apart", async () => {
    const tokyo = await openStore(admin, { currency: "JPY", country: "JP", tax: { rate_bp: 1000, included: true } });
    const customer = await signUp();
    const there = await fill({ ...customer, store: tokyo.slug }, await sell(5, 1100, tokyo), 2);
    const here = await fill(customer, await sell(5));
    const [yen, dollars] = [await place(there), await place(here)];
    expect(yen.body).toMatchObject({
      number: 1001,
      store_id: tokyo.id,
      subtotal: { amount: 2200, currency: "JPY" },
      tax: { amount: 200, currency: "JPY" },
      total: { amount: 2200, currency: "JPY" },
    });
    expect(dollars.body.store_id).toBe(store.id);
    const ids = async (caller: Caller) =>
      (await call<{ data: Order[] }>(caller, "GET", "/orders")).body.data.map(({ id }) => id);
    expect(await ids(there)).toEqual([yen.body.id]);
    expect(await ids(here)).toEqual([dollars.body.id]);
  });

  it("take no orders while suspended", async () => {
    const shop = await openStore(admin);
    const buyer = await fill({ ...await signUp(), store: shop.slug }, await sell(1, 1000, shop));
    await call(admin, "PUT", `/stores/${shop.id}/status`, { status: "suspended" });
    const { status, body } = await place<Problem>(buyer);
    expect([status, body.code]).toEqual([409, "store_suspended"]);
  });
});

describe("a race", () => {
  it("of fifty buyers for one unit has one winner", async () => {
    const variant_id = await sell(1);
    const buyers = await Promise.all(Array.from({ length: 50 }, () => fill({}, variant_id)));
    const answers = await Promise.all(buyers.map((buyer) => place<Order & Problem>(buyer)));
    const won = answers.filter(({ status }) => status === 201);
    expect(won).toHaveLength(1);
    const codes = answers.filter(({ status }) => status !== 201).map(({ body }) => body.code);
    expect(new Set(codes)).toEqual(new Set(["out_of_stock"]));
    expect(await available(variant_id)).toBe(0);
  });

  it("of twenty requests under one key makes one order, and each answer has the same bytes", async () => {
    const variant_id = await sell(100);
    const buyer = await fill({}, variant_id);
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => place<Order & Problem>(buyer, {}, key)));
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThanOrEqual(1);
    for (const { status, body, headers } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.code, headers.get("Retry-After")]).toEqual([409, "request_in_progress", "1"]);
    }
    const again = await place(buyer, {}, key);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(new Set([...done, again].map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await available(variant_id)).toBe(99);
  });
});

describe("POST /orders refuses", () => {
  it("another request under a used key", async () => {
    const buyer = await fill({}, await sell(1));
    await place(buyer, {}, "mine");
    const { status, body } = await place<Problem>(buyer, { note: "another" }, "mine");
    expect([status, body.code]).toEqual([422, "idempotency_key_reused"]);
  });

  it("a total that the buyer did not see", async () => {
    const buyer = await fill({}, await sell(1, 1000));
    const { status, body } = await place<Problem>(buyer, { expected_total: 1000 });
    expect([status, body.code, body["total"]]).toEqual([409, "price_changed", { amount: 1100, currency: "USD" }]);
  });

  it("more than there is, naming the SKU", async () => {
    const variant_id = await sell(2);
    const [one, two] = [await fill({}, variant_id, 2), await fill({}, variant_id, 1)];
    await place(one);
    const { status, body } = await place<Problem & { items: { sku: string }[] }>(two);
    expect([status, body.code, body.items]).toMatchObject([409, "out_of_stock", [{
      variant_id,
      requested: 1,
      available: 0,
    }]]);
    expect(body.items[0]?.sku).toBeTruthy();
  });

  const cases: [string, object, number, string, string?][] = [
    ["an unknown field", { coupon: "X" }, 400, "unknown_field", "/coupon"],
    [
      "an address without a city",
      { shipping_address: { ...address, city: undefined } },
      400,
      "invalid_field",
      "/shipping_address/city",
    ],
    ["a country that is no code", { shipping_address: { ...address, country: "Britain" } }, 400, "invalid_field"],
    ["an e-mail address that is none", { email: "ada" }, 400, "invalid_field", "/email"],
    ["a card number", { note: "4242 4242 4242 4242" }, 422, "card_number_refused", "/note"],
    [
      "a card number as a token",
      { payment: { method: "test", token: "4242424242424242" } },
      422,
      "card_number_refused",
    ],
    ["a negative total", { expected_total: -1 }, 400, "invalid_field"],
  ];
  for (const [what, more, wanted, code, pointer] of cases) {
    it(what, async () => {
      const { status, body } = await place<Problem>({ cart: "A".repeat(43) }, more);
      expect([status, body.code]).toEqual([wanted, code]);
      if (pointer) expect(body.errors?.[0]?.pointer).toBe(pointer);
    });
  }

  it("a stranger, a missing key and an empty cart", async () => {
    const stranger = await place<Problem>({});
    expect([stranger.status, stranger.body.code]).toEqual([401, "unauthenticated"]);
    const guest = { cart: "A".repeat(43) };
    const keyless = await call<Problem>(guest, "POST", "/orders", {});
    expect([keyless.status, keyless.body.code]).toEqual([400, "idempotency_key_required"]);
    const empty = await place<Problem>(await signUp());
    expect([empty.status, empty.body.code]).toEqual([409, "cart_empty"]);
  });
});
