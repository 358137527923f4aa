import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call as send, type Caller, openStore, operator, type ProblemBody, signUp, unique } from "../testing.ts";

/** What these tests look at in an answer: a cart, a product, or a refusal. */
interface Body extends Omit<ProblemBody, "status"> {
  id: string;
  token: string;
  items: { id: string; quantity: number; available: number }[];
  item_count: number;
  variants: { id: string }[];
}

describe("/cart", () => {
  let admin: Caller;
  let store: string;
  before(async () => {
    admin = await operator();
    store = (await openStore(admin, { tax: { rate_bp: 1000, included: false } })).slug;
  });

  const call = (caller: Caller, method: string, path: string, body?: unknown) =>
    send<Body>({ store, ...caller }, method, path, body);
  const quantities = async (caller: Caller) =>
    (await call(caller, "GET", "/cart")).body.items.map((item) => item.quantity);

  /** Puts a simple product on sale; gives its ids. */
  async function sell(price: number, stock: number): Promise<{ product_id: string; variant_id: string; sku: string }> {
    const sku = `SKU-${unique()}`;
    const { status, body } = await call(admin, "POST", "/products", {
      name: `Thing ${sku}`,
      status: "active",
      sku,
      price,
      stock,
    });
    expect(status).toBe(201);
    return { product_id: body.id, variant_id: body.variants[0]?.id ?? "", sku };
  }

  it("is empty for a stranger, and never kept by caches", async () => {
    const { status, headers, body } = await call({}, "GET", "/cart");
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(body).toMatchObject({
      id: null,
      items: [],
      currency: "USD",
      total: { amount: 0, currency: "USD" },
      item_count: 0,
    });
    expect("token" in body).toBe(false);
  });

  it("makes a guest, adds up, changes, removes and empties", async () => {
    const { variant_id, product_id } = await sell(1999, 10);
    const first = await call({}, "POST", "/cart/items", { variant_id, quantity: 2 });
    expect([first.status, first.headers.get("cache-control"), first.body.token.length]).toEqual([201, "no-store", 43]);
    const guest = { cart: first.body.token };
    const second = await call(guest, "POST", "/cart/items", { product_id, quantity: 1 });
    expect(second.body).toMatchObject({
      item_count: 3,
      subtotal: { amount: 5997 },
      tax: { amount: 600 },
      total: { amount: 6597, currency: "USD" },
    });
    expect(["token" in second.body, second.body.items.length]).toEqual([false, 1]);
    expect((await call(guest, "GET", "/cart")).body).toEqual(second.body);

    const item = `/cart/items/${second.body.items[0]?.id}`;
    const changed = await call(guest, "PUT", item, { quantity: 5 });
    expect([changed.status, changed.body.items[0]?.quantity, changed.body.items[0]?.available]).toEqual([200, 5, 10]);
    const loud = await call(guest, "PUT", `/cart/items/${second.body.items[0]?.id.toUpperCase()}`, { quantity: 4 });
    expect([loud.status, loud.body.items[0]?.quantity]).toEqual([200, 4]);
    const removed = await call(guest, "DELETE", item);
    expect([removed.status, removed.body.items]).toEqual([200, []]);
    await call(guest, "POST", "/cart/items", { variant_id, quantity: 1 });
    expect((await call(guest, "DELETE", "/cart")).status).toBe(204);
    expect((await call(guest, "GET", "/cart")).body.items).toEqual([]);
  });

  it("refuses more than there is and says how many there are", async () => {
    const { variant_id, sku } = await sell(500, 3);
    const { status, body } = await call({}, "POST", "/cart/items", { variant_id, quantity: 4 });
    expect([status, body.code, body.items]).toEqual([409, "out_of_stock", [{
      variant_id,
      sku,
      requested: 4,
      available: 3,
    }]]);
  });

  it("refuses what is no quantity, no variant or no field", async () => {
    const { variant_id, product_id } = await sell(500, 3);
    for (const quantity of [0, -1, 0.5, 1000, 1e308, 2 ** 53, "1", null]) {
      const { status, body } = await call({}, "POST", "/cart/items", { variant_id, quantity });
      expect([status, body.errors[0]?.pointer]).toEqual([400, "/quantity"]);
    }
    const bodies = [{ quantity: 1 }, { variant_id, product_id, quantity: 1 }, { variant_id, quantity: 1, price: 1 }, {
      variant_id: "x",
      quantity: 1,
    }];
    const answers = await Promise.all(bodies.map((body) => call({}, "POST", "/cart/items", body)));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [400, "variant_required"],
      [400, "variant_required"],
      [400, "unknown_field"],
      [400, "invalid_field"],
    ]);
    const unknown = await call({}, "POST", "/cart/items", { variant_id: crypto.randomUUID(), quantity: 1 });
    expect([unknown.status, unknown.body.code]).toEqual([404, "variant_not_found"]);
  });

  it("takes no card number, in no field either", async () => {
    const { variant_id } = await sell(500, 3);
    const first = await call({}, "POST", "/cart/items", { variant_id, quantity: 1 });
    const card = { quantity: 1, card: "4242 4242 4242 4242" };
    const guest = { cart: first.body.token };
    for (
      const [method, path] of [["POST", "/cart/items"], ["PUT", `/cart/items/${first.body.items[0]?.id}`]] as const
    ) {
      const { status, body } = await call(guest, method, path, card);
      expect([method, status, body.code]).toEqual([method, 422, "card_number_refused"]);
    }
  });

  it("knows nobody else's items, whatever the body says", async () => {
    const { variant_id } = await sell(500, 9);
    const { body } = await call({}, "POST", "/cart/items", { variant_id, quantity: 1 });
    const stranger = await signUp();
    for (const caller of [stranger, {}, { cart: body.token, store: "default" }]) {
      for (const id of [body.items[0]?.id, "x"]) {
        expect((await call(caller, "PUT", `/cart/items/${id}`, { nonsense: 1 })).body.code).toBe("item_not_found");
        expect((await call(caller, "DELETE", `/cart/items/${id}`)).body.code).toBe("item_not_found");
      }
    }
  });

  it("follows a guest who signs up or signs in", async () => {
    const { variant_id } = await sell(500, 5);
    const guest = (await call({}, "POST", "/cart/items", { variant_id, quantity: 2 })).body.token;
    const user = await signUp({ cart: guest });
    expect(await quantities(user)).toEqual([
      2,
    ]);
    expect(await quantities({ cart: guest })).toEqual([]);

    const again = (await call({}, "POST", "/cart/items", { variant_id, quantity: 4 })).body.token;
    const { status } = await call({ cart: again }, "POST", "/auth/login", {
      email: user.email,
      password: user.password,
    });
    expect(status).toBe(200);
    expect(await quantities(user)).toEqual([
      5,
    ]);
  });

  it("adds up 20 adds at once", async () => {
    const { variant_id } = await sell(500, 100);
    const user = await signUp();
    await Promise.all(Array.from({ length: 20 }, () => call(user, "POST", "/cart/items", { variant_id, quantity: 2 })));
    expect((await call(user, "GET", "/cart")).body.item_count).toBe(40);
  });
});
