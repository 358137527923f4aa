import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { call, type Caller, openStore, signUp } from "../testing.ts";
import { address, admin, available, fill, type Order, place, type Problem, sell, store } from "./orders_testing.ts";

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

  it("take no orders from the moment on that they are suspended", async () => {
    const shop = await openStore(admin);
    const variant_id = await sell(2, 1000, shop);
    expect((await place(await fill({ store: shop.slug }, variant_id))).status).toBe(201);
    const buyer = await fill({ ...await signUp(), store: shop.slug }, variant_id);
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
