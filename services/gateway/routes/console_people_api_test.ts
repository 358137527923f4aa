import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, type ProblemBody, signUp, unique } from "../testing.ts";
import { admin, fill, pay, place, sell, store } from "./orders_testing.ts";

let manager: Caller, support: Caller, outsider: Caller, customer: Caller;
before(async () => {
  const other = await openStore(admin);
  const [boss, helper, stranger, buyer] = await Promise.all([
    hire(admin, store.id, "manager"),
    hire(admin, store.id, "support"),
    hire(admin, other.id, "manager"),
    signUp(),
  ]);
  manager = { ...boss, store: store.slug };
  support = { ...helper, store: store.slug };
  outsider = { ...stranger, store: store.slug };
  customer = { ...buyer, store: store.slug };
});

describe("GET /search", () => {
  interface Found {
    orders: { id: string }[];
    products: { name: string }[];
    customers: { email: string }[];
  }
  const find = async (caller: Caller, q: string) =>
    (await call<Found>(caller, "GET", `/search?q=${encodeURIComponent(q)}`)).body;

  it("finds orders, products and, for a manager, customers", async () => {
    const word = `zebra${unique().slice(0, 8)}`;
    await call(manager, "POST", "/products", { name: word, sku: unique(), price: 1, stock: 5, status: "active" });
    const buyer = await signUp({ store: store.slug });
    await call({ token: buyer.token }, "PATCH", "/users/me", { name: word });
    const variant_id = await sell(5);
    const { body: order } = await place(await fill({ token: buyer.token, store: store.slug }, variant_id), {
      shipping_address: { name: word, line1: "1", city: "x", postal_code: "1", country: "DE" },
    });
    const all = await find(manager, word);
    expect(all.orders.map(({ id }) => id)).toEqual([order.id]);
    expect(all.products.map(({ name }) => name)).toEqual([word]);
    expect(all.customers.map(({ email }) => email)).toEqual([buyer.email]);
    expect((await find(support, word)).customers).toEqual([]);
    expect((await find(support, String(order.number))).orders.map(({ id }) => id)).toContain(order.id);
    expect((await call(customer, "GET", "/search?q=a")).status).toBe(403);
    expect((await call(outsider, "GET", "/search?q=a")).status).toBe(404);
  });
});

describe("GET /audit", () => {
  interface Entry {
    table: string;
    action: string;
    row_id: string;
    store_id: string | null;
    after: Record<string, unknown> | null;
  }
  const list = async (caller: Caller, query: string) =>
    (await call<{ data: Entry[]; next_cursor: string | null }>(caller, "GET", `/audit?${query}`)).body;

  it("shows a manager what changed in the own store, and by whom", async () => {
    const { body: made } = await call<{ id: string }>(manager, "POST", "/products", {
      name: "Cup",
      sku: unique(),
      price: 5,
    });
    await call(manager, "PATCH", `/products/${made.id}`, { name: "Mug", version: 1 });
    const { data } = await list(manager, `table=products&row_id=${made.id}`);
    expect(data.map(({ action, store_id }) => [action, store_id])).toEqual([["update", store.id], [
      "insert",
      store.id,
    ]]);
    expect(data[0]?.after).toMatchObject({ name: "Mug" });
    expect((await list(admin, `row_id=${made.id}&store=${store.slug}`)).data).toHaveLength(2);
    expect((await list({ token: outsider.token ?? "" }, `row_id=${made.id}`)).data).toEqual([]);
    expect((await call(outsider, "GET", "/audit")).status).toBe(404);
    expect((await call(support, "GET", "/audit")).status).toBe(403);
  });

  it("merges all services into pages, newest first, personal data by name only", async () => {
    const buyer = await fill({}, await sell(5), 2);
    expect((await pay(buyer, (await place(buyer)).body.id)).status).toBe(201);
    const person = await hire(admin, store.id, "support");
    const seen: Entry[] = [];
    let page = await list(manager, "limit=7");
    for (let pages = 0; pages < 100; pages++) {
      seen.push(...page.data);
      if (!page.next_cursor) break;
      page = await list(manager, `limit=7&cursor=${page.next_cursor}`);
    }
    for (const table of ["stores", "products", "payments", "store_roles"]) {
      expect(seen.map((entry) => entry.table)).toContain(table);
    }
    expect(new Set(seen.map(({ store_id }) => store_id))).toEqual(new Set([store.id]));
    const { data: [account] } = await list(admin, `table=users&row_id=${person.id}`);
    expect(account?.after).toMatchObject({ email: "changed", password_hash: "changed" });
  });
});

describe("POST /users", () => {
  const input = () => ({ email: `${unique()}@nano.test`, name: "New", password: `${crypto.randomUUID()}!` });

  it("makes staff who can sign in", async () => {
    const person = { ...input(), store_roles: [{ store_id: store.id, role: "support" }] };
    const { status, body, headers } = await call<{ id: string; store_roles: unknown }>(
      manager,
      "POST",
      "/users",
      person,
    );
    expect([status, body.store_roles, headers.get("location")]).toEqual([201, person.store_roles, `/users/${body.id}`]);
    const { email, password } = person;
    expect((await call({}, "POST", "/auth/login", { email, password })).status).toBe(200);
    expect((await call(manager, "POST", "/users", person)).body).toMatchObject({ code: "email_taken" });
  });

  it("lets a manager hire for the own store only", async () => {
    const hired = (caller: Caller, store_roles?: object[]) =>
      call<ProblemBody>(caller, "POST", "/users", { ...input(), ...(store_roles ? { store_roles } : {}) });
    const role = { store_id: store.id, role: "manager" };
    expect((await hired(outsider, [role])).status).toBe(403);
    expect((await hired(manager)).body.code).toBe("required");
    expect((await hired(support, [role])).status).toBe(403);
    expect((await hired(customer, [role])).status).toBe(403);
    expect((await hired(admin)).status).toBe(201);
    expect((await call(admin, "POST", "/users", { ...input(), role: "admin" })).status).toBe(400);
    expect((await call<ProblemBody>(admin, "POST", "/users", { ...input(), password: "12345678" })).body.code)
      .toBe("weak_password");
  });
});
