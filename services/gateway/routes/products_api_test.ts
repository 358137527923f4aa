import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, operator, type ProblemBody, signUp, unique } from "../testing.ts";

/** What these tests look at in an answer. */
interface Body extends Omit<ProblemBody, "status"> {
  id: string;
  slug: string;
  name: string;
  description: string;
  status: string;
  version: number;
  price: { amount: number; currency: string };
  variants: { id: string; sku: string; name: string; price: { amount: number; currency: string }; available: number }[];
  data: { id: string; name: string; status: string }[];
  next_cursor: string | null;
  total: number;
  on_hand: number;
}

const send = (caller: Caller, method: string, path: string, body?: unknown) => call<Body>(caller, method, path, body);
const sku = () => `SKU-${unique()}`;

describe("/products", () => {
  let store: { id: string; slug: string };
  let admin: Caller, manager: Caller, support: Caller, customer: Caller, outsider: Caller;
  const visitor = () => ({ store: store.slug });
  before(async () => {
    const operatorCaller = await operator();
    store = await openStore(operatorCaller);
    const other = await openStore(operatorCaller);
    admin = { ...operatorCaller, store: store.slug };
    const [boss, helper, person, stranger] = await Promise.all([
      hire(operatorCaller, store.id, "manager"),
      hire(operatorCaller, store.id, "support"),
      signUp(),
      hire(operatorCaller, other.id, "manager"),
    ]);
    manager = { token: boss.token, store: store.slug };
    support = { token: helper.token, store: store.slug };
    customer = { token: person.token, store: store.slug };
    outsider = { token: stranger.token, store: store.slug };
  });
  const create = async (more: object = {}) => {
    const made = await send(manager, "POST", "/products", {
      name: "A thing",
      sku: sku(),
      price: 1500,
      stock: 4,
      ...more,
    });
    expect(made.status).toBe(201);
    return made.body;
  };

  it("takes a simple product, its price as a bare number or as money, and says where it is", async () => {
    const body = {
      name: "Linen shirt",
      sku: sku(),
      price: { amount: 3900, currency: "USD" },
      stock: 12,
      attributes: { material: "linen" },
    };
    const made = await send(manager, "POST", "/products", body);
    expect([made.status, made.headers.get("location")]).toEqual([201, `/products/${made.body.id}`]);
    expect(made.body).toMatchObject({
      store_id: store.id,
      slug: "linen-shirt",
      description: "",
      status: "active",
      attributes: { material: "linen" },
      images: [],
      price: { amount: 3900, currency: "USD" },
      variants: [{ sku: body.sku, name: "", options: {}, price: { amount: 3900, currency: "USD" }, available: 12 }],
      version: 1,
    });
    expect((await send({}, "GET", `/products/${made.body.id}`)).body).toEqual(made.body);
    expect((await send(visitor(), "GET", "/products/linen-shirt")).body).toEqual(made.body);
    expect((await create({ price: 5 })).price).toEqual({ amount: 5, currency: "USD" });
  });

  it("takes variants, and shows the lowest price", async () => {
    const variants = [
      { sku: sku(), name: "L", options: { size: "L" }, price: 900, stock: 1 },
      { sku: sku(), name: "M", options: { size: "M" }, price: { amount: 800, currency: "USD" } },
    ];
    const { body } = await send(manager, "POST", "/products", { name: "Socks", variants });
    expect(body.price.amount).toBe(800);
    expect(body.variants.map(({ name, available }) => [name, available])).toEqual([["L", 1], ["M", 0]]);
  });

  it("is changed by PATCH and PUT from the version that one saw", async () => {
    const { id, variants: [only] } = await create({ description: "old" });
    const patched = await send(manager, "PATCH", `/products/${id}`, { price: 1200, version: 1 });
    expect([patched.status, patched.body.description, patched.body.price.amount, patched.body.version]).toEqual([
      200,
      "old",
      1200,
      2,
    ]);
    const stale = await send(manager, "PATCH", `/products/${id}`, { name: "Late", version: 1 });
    expect([stale.status, stale.body.code, stale.body.version]).toEqual([409, "version_conflict", 2]);
    const replacement = {
      name: "New",
      variants: [{ id: only?.id, sku: only?.sku, price: 1000 }, { sku: sku(), name: "Big", price: 2000, stock: 3 }],
      version: 2,
    };
    const put = await send(manager, "PUT", `/products/${id}`, replacement);
    expect([put.status, put.body.name, put.body.description, put.body.variants.length]).toEqual([200, "New", "", 2]);
    const fewer = await send(manager, "PUT", `/products/${id}`, {
      name: "New",
      variants: [{ sku: replacement.variants[1]?.sku, price: 1 }],
      version: 3,
    });
    expect(fewer.body.variants.map(({ sku, available }) => [sku, available])).toEqual([[
      replacement.variants[1]?.sku,
      3,
    ]]);
  });

  it("leaves stock to movements", async () => {
    const { id, variants: [only] } = await create({ stock: 4 });
    const put = await send(manager, "PUT", `/products/${id}`, {
      name: "X",
      sku: only?.sku,
      price: 1,
      stock: 9,
      version: 1,
    });
    expect([put.status, put.body.code, put.body.errors]).toEqual([400, "stock_by_movement", [
      expect.objectContaining({ pointer: "/stock" }),
    ]]);
    const variants = [{ sku: only?.sku, stock: 9 }];
    const patch = await send(manager, "PATCH", `/products/${id}`, { variants, version: 1 });
    expect([patch.status, patch.body.errors[0]?.pointer]).toEqual([400, "/variants/0/stock"]);

    const path = `/variants/${only?.id}/stock`;
    const moved = await send(manager, "POST", path, { delta: -3, reason: "broken" });
    expect([moved.status, moved.body]).toEqual([200, { on_hand: 1, reserved: 0, available: 1 }]);
    const below = await send(manager, "POST", path, { delta: -2, reason: "broken" });
    expect([below.status, below.body.code]).toEqual([409, "below_reserved"]);
    for (const delta of [0, 0.5, 1e308, "1", null]) {
      expect((await send(manager, "POST", path, { delta, reason: "x" })).body.errors[0]?.pointer).toBe("/delta");
    }
    expect((await send(support, "POST", path, {})).status).toBe(403);
    expect((await send(outsider, "POST", path, {})).body.code).toBe("variant_not_found");
    expect((await send(manager, "POST", "/variants/nonsense/stock", {})).status).toBe(404);
  });

  it("refuses strangers 401, other roles 403, other stores' managers 404, before it looks at the body", async () => {
    const { id } = await create();
    const nonsense = { nonsense: true };
    for (const [caller, status] of [[visitor(), 401], [customer, 403], [support, 403], [outsider, 404]] as const) {
      expect((await send(caller, "POST", "/products", nonsense)).status).toBe(status);
      expect((await send(caller, "PUT", `/products/${id}`, nonsense)).status).toBe(status);
      expect((await send(caller, "PATCH", `/products/${id}`, nonsense)).status).toBe(status);
      expect((await send(caller, "DELETE", `/products/${id}`)).status).toBe(status);
    }
    expect((await send(admin, "PATCH", `/products/${id}`, nonsense)).status).toBe(400);
    expect((await send({ ...manager, store: unique() }, "POST", "/products", nonsense)).body.code).toBe(
      "store_not_found",
    );
  });

  const bad: [string, object, string, string][] = [
    ["an unknown field", { color: "red" }, "unknown_field", "/color"],
    ["a store of one's choice", { store_id: crypto.randomUUID() }, "unknown_field", "/store_id"],
    ["another currency", { price: { amount: 1, currency: "EUR" } }, "currency_mismatch", "/price/currency"],
    ["a negative price", { price: -1 }, "invalid_field", "/price"],
    ["half a cent", { price: 0.5 }, "invalid_field", "/price"],
    ["a huge price", { price: 1e12 + 1 }, "invalid_field", "/price"],
    ["negative stock", { stock: -1 }, "invalid_field", "/stock"],
    ["no SKU", { sku: undefined }, "required", "/sku"],
    ["no price", { price: undefined }, "required", "/price"],
    ["both forms", { sku: undefined, variants: [{ sku: "x", price: 1 }] }, "ambiguous_variants", "/price"],
    ["a name that is too long", { name: "x".repeat(201) }, "invalid_field", "/name"],
    ["NUL", { name: "a\0b" }, "invalid_field", "/name"],
    ["a lone surrogate", { attributes: { a: ["\ud800"] } }, "invalid_field", "/attributes"],
    ["large attributes", { attributes: { a: "x".repeat(9000) } }, "invalid_field", "/attributes"],
    ["a script for an image", { images: [{ url: "javascript:alert(1)" }] }, "invalid_field", "/images/0/url"],
    ["a slug like an id", { slug: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69" }, "invalid_slug", "/slug"],
    ["an unknown category", { category: "nowhere" }, "category_not_found", "/category"],
    ["an unknown status", { status: "sold" }, "invalid_field", "/status"],
  ];
  for (const [what, more, code, pointer] of bad) {
    it(`refuses ${what} and says where`, async () => {
      const { status, body } = await send(manager, "POST", "/products", { name: "Bad", sku: sku(), price: 1, ...more });
      expect([status, body.code, body.errors[0]?.pointer]).toEqual([400, code, pointer]);
    });
  }

  it("refuses attributes that nest without end", async () => {
    const headers = { "content-type": "application/json" };
    const nested = `{"name":"Deep","sku":"DEEP","price":1,"attributes":{"a":${"[".repeat(100_000)}${
      "]".repeat(100_000)
    }}}`;
    const gateway = Deno.env.get("TEST_GATEWAY_URL");
    const response = await fetch(`${gateway}/products`, {
      method: "POST",
      headers: { ...headers, authorization: `Bearer ${manager.token}`, "x-store": store.slug },
      body: nested,
    });
    expect(response.status).toBe(400);
    await response.body?.cancel();
  });

  it("keeps by a PATCH the name and options of the one variant whose price or SKU alone is given", async () => {
    const named = { sku: sku(), name: "Large", options: { size: "L" }, price: 100 };
    const { body: { id } } = await send(manager, "POST", "/products", { name: "Vest", variants: [named] });
    const dearer = await send(manager, "PATCH", `/products/${id}`, { price: 200, version: 1 });
    expect(dearer.body.variants).toMatchObject([{ name: "Large", options: { size: "L" }, price: { amount: 200 } }]);
    const other = { sku: sku(), name: "Small", price: 90 };
    await send(manager, "PATCH", `/products/${id}`, { variants: [other], version: 2 });
    const bySku = await send(manager, "PATCH", `/products/${id}`, { sku: other.sku, price: 80, version: 3 });
    expect(bySku.body.variants.map(({ name, price }) => [name, price.amount])).toEqual([["Large", 200], ["Small", 80]]);
    const simple = await create();
    const renamed = await send(manager, "PATCH", `/products/${simple.id}`, { sku: sku(), version: 1 });
    expect(renamed.body.variants).toMatchObject([{ id: simple.variants[0]?.id, name: "" }]);
  });

  it("lets variants exchange their SKUs", async () => {
    const variants = ["S", "M", "L"].map((name) => ({ sku: sku(), name, price: 100, stock: 1 }));
    const { body: { id, variants: made } } = await send(manager, "POST", "/products", { name: "Belt", variants });
    const around = made.map(({ id }, at) => ({ id, sku: made[(at + 1) % 3]?.sku }));
    const changed = await send(manager, "PATCH", `/products/${id}`, { variants: around, version: 1 });
    expect(changed.body.variants.map(({ id, sku }) => ({ id, sku }))).toEqual(around);
    expect(changed.body.variants.map(({ available }) => available)).toEqual([1, 1, 1]);
  });

  it("are not listed by a price that is no number, or empty", async () => {
    for (const price of ["", "%20", "x", "-1", "1.5"]) {
      const refused = await send(visitor(), "GET", `/products?max_price=${price}`);
      expect([price, refused.status, refused.body.code]).toEqual([price, 400, "invalid_field"]);
    }
    expect((await send(visitor(), "GET", "/products?max_price=0")).status).toBe(200);
  });

  it("keeps SKUs unique in the store", async () => {
    const { variants: [only] } = await create();
    const again = await send(manager, "POST", "/products", { name: "Again", sku: only?.sku, price: 1 });
    expect([again.status, again.body.code]).toEqual([409, "sku_taken"]);
  });

  it("shows drafts to staff only", async () => {
    const { id, slug } = await create({ name: `Draft ${unique()}`, status: "draft" });
    expect((await send(visitor(), "GET", `/products/${slug}`)).body.code).toBe("product_not_found");
    expect((await send(customer, "GET", `/products/${id}`)).status).toBe(404);
    expect((await send(outsider, "GET", `/products/${id}`)).status).toBe(404);
    expect((await send(support, "GET", `/products/${id}`)).body.status).toBe("draft");
    expect((await send(support, "GET", "/products?status=draft")).body.data.map(({ id }) => id)).toContain(id);
    expect((await send(visitor(), "GET", "/products?limit=100")).body.data.every(({ status }) => status === "active"))
      .toBe(true);
    expect((await send(visitor(), "GET", "/products?status=draft")).status).toBe(401);
    expect((await send(customer, "GET", "/products?status=draft")).status).toBe(403);
  });

  it("is listed by words, price, stock and order, a page at a time", async () => {
    const word = `w${unique().slice(0, 8)}`;
    for (const price of [300, 100, 200]) {
      await create({ name: `${word} at ${price}`, price, stock: price > 100 ? 1 : 0 });
    }
    const names = async (query: string) =>
      (await send(visitor(), "GET", `/products?q=${word.slice(0, 7)}&${query}`)).body.data.map(({ name }) => name);
    expect(await names("sort=price")).toEqual([100, 200, 300].map((price) => `${word} at ${price}`));
    expect(await names("sort=-price&in_stock=true")).toEqual([300, 200].map((price) => `${word} at ${price}`));
    expect(await names("min_price=150&max_price=250")).toEqual([`${word} at 200`]);
    const first = await send(visitor(), "GET", `/products?q=${word}&sort=name&limit=2&count=exact`);
    expect([first.body.data.length, first.body.total]).toEqual([2, 3]);
    const second = await send(
      visitor(),
      "GET",
      `/products?q=${word}&sort=name&limit=2&cursor=${first.body.next_cursor}`,
    );
    expect([second.body.data.map(({ name }) => name), second.body.next_cursor]).toEqual([[`${word} at 300`], null]);
    for (
      const query of ["limit=0", "limit=x", "sort=stock", "cursor=zzz", "in_stock=maybe", "min_price=-1"]
    ) {
      expect((await send(visitor(), "GET", `/products?${query}`)).status).toBe(400);
    }
    expect((await send(visitor(), "GET", "/products?limit=1000")).status).toBe(200);
  });

  it("answers 304 to whoever has it", async () => {
    const { id } = await create();
    const first = await send({}, "GET", `/products/${id}`);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect(first.headers.get("cache-control")).toContain("max-age=1");
    expect((await send({ headers: { "if-none-match": etag } }, "GET", `/products/${id}`)).status).toBe(304);
    await send(manager, "PATCH", `/products/${id}`, { name: "Changed", version: 1 });
    expect((await send({ ...manager, headers: { "if-none-match": etag } }, "GET", `/products/${id}`)).status).toBe(200);
  });

  it("is gone once deleted", async () => {
    const { id } = await create();
    expect((await send(manager, "DELETE", `/products/${id}`)).status).toBe(204);
    expect((await send(manager, "GET", `/products/${id}`)).status).toBe(404);
    expect((await send(manager, "DELETE", `/products/${id}`)).status).toBe(404);
    for (const id of ["nonsense", "a%20b", "..%2f", crypto.randomUUID()]) {
      expect((await send(visitor(), "GET", `/products/${id}`)).status).toBe(404);
    }
  });
});
