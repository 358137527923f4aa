import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, hire, type Login, openConsole, openStore, operator, unique, visitor, type World } from "./testing.ts";
import type { Category, Product, Webhook } from "./types.ts";

type Visitor = ReturnType<typeof visitor>;

const EVIL = `<script>alert("x")</script>`;
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

describe("the catalogue in the console", () => {
  let handle: (request: Request) => Promise<Response>;
  let world: World;
  let manager: Visitor;
  let support: Visitor;
  let colleague: Visitor;

  const signIn = async (login: Login): Promise<Visitor> => {
    const them = visitor(handle);
    await them.post("/login", { ...login });
    await them.get(`/?store=${world.store.slug}`);
    return them;
  };
  const asOperator = () => ({ token: world.token, store: world.store.slug });
  const create = (fields: Record<string, string> = {}) => {
    const simple = { name: "Mug", sku: unique(), price: "12.34", stock: "5", status: "active" };
    return manager.post("/products/new", { ...simple, ...fields });
  };
  const created = async (fields?: Record<string, string>): Promise<Product> => {
    const response = await create(fields);
    expect(response.status).toBe(303);
    return await call<Product>(asOperator(), "GET", response.headers.get("Location") ?? "");
  };

  before(async () => {
    handle = await openConsole();
    world = await openStore();
    manager = await signIn(await hire(world, "manager"));
    support = await signIn(await hire(world, "support"));
    colleague = await signIn(await hire(world, "manager"));
  });

  it("creates a simple product by name, SKU, price, stock and status", async () => {
    const product = await created();
    expect(product).toMatchObject({ name: "Mug", status: "active", price: { amount: 1234, currency: "USD" } });
    expect(product.variants).toMatchObject([{ available: 5 }]);
    const html = await (await manager.get(`/products/${product.id}`)).text();
    expect(html).toContain("Created Mug.");
  });

  it("keeps what was typed and answers 422 where a field is wrong", async () => {
    const response = await create({ name: 'A "mug"', price: "twelve", sku: "" });
    expect(response.status).toBe(422);
    const html = await response.text();
    for (const kept of ['value="A &quot;mug&quot;"', 'value="twelve"', "such as 12.34"]) expect(html).toContain(kept);
  });

  it("shows a refusal of the gateway beside the field", async () => {
    const { variants: [variant] } = await created();
    const response = await create({ sku: variant?.sku ?? "" });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('id="f-sku-error"');
  });

  it("tells of a conflict by name, loses nothing, and saves when it is sent again", async () => {
    const { id, slug, variants: [variant] } = await created();
    const form = { name: "Mine", slug, status: "active", id: variant?.id ?? "", sku: variant?.sku ?? "", price: "13" };
    expect((await colleague.post(`/products/${id}`, { ...form, name: "Theirs", version: "1" })).status).toBe(303);
    const response = await manager.post(`/products/${id}`, { ...form, version: "1" });
    expect(response.status).toBe(409);
    const html = await response.text();
    for (const shown of ["Changed by", "@nano.test", ">Theirs<", 'value="Mine"', 'name="version" value="2"']) {
      expect(html).toContain(shown);
    }
    expect((await manager.post(`/products/${id}`, { ...form, version: "2" })).status).toBe(303);
    expect(await call<Product>(asOperator(), "GET", `/products/${id}`)).toMatchObject({ name: "Mine", version: 3 });
  });

  it("publishes and archives many at once", async () => {
    const { id } = await created({ status: "draft" });
    for (const status of ["active", "archived"]) {
      expect((await manager.post("/products", { ids: id, status })).status).toBe(303);
      expect((await call<Product>(asOperator(), "GET", `/products/${id}`)).status).toBe(status);
    }
  });

  it("uploads images and serves them itself", async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ name: "Pictured", sku: unique(), price: "1", stock: "1" })) {
      form.append(name, value);
    }
    form.append("image_file", new File([Uint8Array.fromBase64(PIXEL)], "dot.png", { type: "image/png" }));
    form.append("image_file", new File(["no image"], "text.png", { type: "image/png" }));
    const refused = await manager.send("/products/new", { method: "POST", body: form });
    expect(refused.status).toBe(422);
    const html = await refused.text();
    expect(html).toContain("text.png: ");
    // The good one was kept, and needs not be chosen again.
    const [, path = ""] = /src="(\/media\/[0-9a-f]{64})/.exec(html) ?? [];
    const image = await manager.get(path);
    expect([image.status, image.headers.get("Content-Type")]).toEqual([200, "image/png"]);
    expect(image.headers.get("Cache-Control")).toContain("immutable");
    await image.body?.cancel();
  });

  it("moves stock with a reason and lists the movement", async () => {
    const { id, variants: [variant] } = await created();
    const path = `/products/${id}/stock`;
    const move = (delta: string, reason: string) =>
      manager.post(path, { variant_id: variant?.id ?? "", delta, reason });
    expect((await move("-2", "Two were broken")).status).toBe(303);
    expect(await (await manager.get(path)).text()).toContain("Two were broken");
    for (const [delta, reason] of [["-9", "Too many"], ["0", "Nothing"], ["1", ""]] as const) {
      expect([delta, (await move(delta, reason)).status]).toEqual([delta, 422]);
    }
  });

  it("previews an import, runs it, and tells of the lines it refused", async () => {
    const [good, bad] = [unique(), unique()];
    const table = `name,slug,sku,price,stock\nCup,cup-${good},${good},7.50,3\nBowl,bowl-${bad},${bad},cheap,3\n`;
    const preview = await (await manager.post("/products/import", { act: "preview", table })).text();
    for (const shown of ["1 new, 0 changed, 0 unchanged, 1 refused.", "cheap is no price in USD.", 'value="run"']) {
      expect(preview).toContain(shown);
    }
    const exists = () =>
      fetch(new URL(`/products/cup-${good}?store=${world.store.slug}`, Deno.env.get("TEST_GATEWAY_URL")));
    const before = await exists();
    expect(before.status).toBe(404);
    await before.body?.cancel();
    expect(await (await manager.post("/products/import", { act: "run", table })).text()).toContain("What was done");
    const list = await (await manager.get(`/products?q=${good}`)).text();
    expect(list).toContain(`${good}`);
    expect((await manager.post("/products/import", { act: "run", table: "" })).status).toBe(422);
    const csv = await (await manager.get("/products/export.csv")).text();
    expect(csv).toContain(`cup-${good}`);
  });

  it("offers as a file what the list's filters leave, prices as people write them", async () => {
    const [cheap, dear] = [await created({ price: "7.50" }), await created({ price: "1,250.00" })];
    const html = await (await manager.get("/products?min_price=1%2C000.00&status=active")).text();
    const [, link = ""] = /href="(\/products\/export\.csv[^"]*)"/.exec(html) ?? [];
    const response = await manager.get(link.replaceAll("&amp;", "&"));
    const table = await response.text();
    expect([response.status, table.includes(dear.slug), table.includes(cheap.slug)]).toEqual([200, true, false]);
  });

  it("keeps a tree of categories", async () => {
    await manager.post("/categories", { name: "Outer", slug: "outer" });
    const { data } = await call<{ data: Category[] }>(asOperator(), "GET", "/categories");
    const outer = data.find(({ slug }) => slug === "outer");
    expect((await manager.post("/categories", { name: "Inner", parent_id: outer?.id ?? "" })).status).toBe(303);
    const path = `/categories/${outer?.id}`;
    expect((await manager.post(path, { act: "delete" })).headers.get("Location")).toBe(path);
    expect((await manager.post(path, { name: "Outside", slug: "outer" })).status).toBe(303);
    expect(await (await manager.get("/categories")).text()).toContain("Outside");
    expect((await manager.post("/categories", { name: "Again", slug: "outer" })).status).toBe(422);
  });

  it("changes the store's settings, and keeps what was typed where they are wrong", async () => {
    const path = `/stores/${world.store.id}`;
    const form = {
      name: "Renamed",
      slug: world.store.slug,
      currency: "USD",
      country: "US",
      locale: "en-US",
      version: "1",
    };
    const wrong = await manager.post(path, { ...form, tax_rate: "lots" });
    expect([wrong.status, (await wrong.text()).includes('value="lots"')]).toEqual([422, true]);
    const nowhere = await manager.post(path, { ...form, origins: "https://shop.example\nshop.example/" });
    const refused = await nowhere.text();
    expect([nowhere.status, refused.includes('id="f-origins-error">shop.example/: ')]).toEqual([422, true]);
    const right = { ...form, tax_rate: "8.25", tax_included: "on", origins: "https://shop.example\nhttps://b.example" };
    expect((await manager.post(path, right)).status).toBe(303);
    const store = await call<object>(asOperator(), "GET", path);
    expect(store).toMatchObject({
      name: "Renamed",
      tax: { rate_bp: 825, included: true },
      origins: ["https://shop.example", "https://b.example"],
    });
    expect(await (await manager.get(path)).text()).toContain("https://shop.example\nhttps://b.example</textarea>");
    expect((await manager.post(path, { ...form, tax_rate: "5" })).status).toBe(409);
    expect((await manager.post(path, { status: "closed" })).status).toBe(403);
  });

  it("shows a webhook's secret once, and its deliveries", async () => {
    const response = await manager.post("/webhooks/new", { url: "http://127.0.0.1:9/hook", event_types: "order.paid" });
    expect(response.status).toBe(303);
    const path = response.headers.get("Location") ?? "";
    expect(await (await manager.get(path)).text()).toContain("whsec_");
    expect(await (await manager.get(path)).text()).not.toContain("whsec_");
    expect((await manager.post(path, { act: "test" })).status).toBe(303);
    const html = await (await manager.get(path)).text();
    const [, delivery = ""] = /href="(\/webhooks\/deliveries\/[\w-]+)"/.exec(html) ?? [];
    expect(await (await manager.get(delivery)).text()).toContain("webhook.test");
    expect((await manager.post(delivery, {})).status).toBe(303);
    expect((await manager.post("/webhooks/new", { url: "http://127.0.0.1:9/hook" })).status).toBe(422);
    const { version } = await call<Webhook>(asOperator(), "GET", path);
    const form = { url: "http://127.0.0.1:9/other", event_types: "*", status: "disabled" };
    expect((await manager.post(path, { ...form, version: String(version) })).status).toBe(303);
    expect((await manager.post(path, { ...form, version: String(version) })).status).toBe(409);
    expect((await manager.post(path, { act: "delete" })).headers.get("Location")).toBe("/webhooks");
  });

  it("shows in the audit log who changed what", async () => {
    const { id } = await created({ name: "Watched" });
    const html = await (await manager.get(`/audit?table=products&row_id=${id}`)).text();
    for (const shown of ["Watched", "Created", "@nano.test"]) expect(html).toContain(shown);
  });

  it("shows an admin in the audit log also what is of no store", async () => {
    const { user } = await call<{ user: { id: string } }>({}, "POST", "/auth/register", {
      email: `${unique()}@nano.test`,
      password: `${crypto.randomUUID()}!`,
    });
    const admin = await signIn(operator());
    const entries = `table=users&row_id=${user.id}`;
    expect(await (await admin.get(`/audit?${entries}`)).text()).toContain("Nothing was changed that matches");
    const html = await (await admin.get(`/audit?stores=all&${entries}`)).text();
    for (const shown of [">Created<", "a visitor", ">All stores<"]) expect(html).toContain(shown);
    expect(await (await admin.get(`/audit/export?stores=all&${entries}`)).text()).toContain(user.id);
    expect(await (await manager.get(`/audit?stores=all&${entries}`)).text()).not.toContain(">Created<");
  });

  it("refuses a forged post of a role that may not, and shows it no form", async () => {
    const { id, variants: [variant] } = await created();
    const forged: [string, Record<string, string>][] = [
      ["/products/new", { name: "Forged", sku: unique(), price: "1" }],
      ["/products", { ids: id, status: "archived" }],
      [`/products/${id}`, { name: "Forged", version: "1" }],
      [`/products/${id}`, { act: "delete" }],
      [`/products/${id}/stock`, { variant_id: variant?.id ?? "", delta: "5", reason: "Mine" }],
      ["/products/import", { act: "run", table: "sku,name\n" }],
      ["/categories", { name: "Forged" }],
      ["/stores/new", { name: "Forged" }],
      [`/stores/${world.store.id}`, { name: "Forged" }],
      ["/webhooks/new", { url: "https://evil.test" }],
    ];
    for (const [path, fields] of forged) {
      expect([path, (await support.post(path, fields)).status]).toEqual([path, 403]);
    }
    for (const path of ["/products/new", "/products/import", "/categories", "/stores", "/webhooks", "/audit"]) {
      expect([path, (await support.get(path)).status]).toEqual([path, 403]);
    }
    const html = await (await support.get(`/products/${id}`)).text();
    expect([html.includes("Mug"), html.includes("data-main")]).toEqual([true, false]);
  });

  it("shows what people wrote as text", async () => {
    const { id } = await created({ name: EVIL, description: EVIL, sku: `${EVIL}${unique()}` });
    await manager.post("/categories", { name: EVIL, slug: `evil-${unique()}` });
    const paths = [`/products/${id}`, `/products/${id}/stock`, "/products", "/categories", `/audit?row_id=${id}`];
    for (const path of [...paths, `/products?q=${encodeURIComponent(EVIL)}`]) {
      const html = await (await manager.get(path)).text();
      expect([path, html.includes("<script>alert"), html.includes("&lt;script>")]).toEqual([path, false, true]);
    }
  });

  it("answers what is not there, or another store's, with 404", async () => {
    const other = await openStore();
    const product = { name: "Elsewhere", sku: unique(), price: 100, stock: 1 };
    const { id } = await call<Product>({ token: other.token, store: other.store.slug }, "POST", "/products", product);
    for (
      const path of [`/products/${id}`, "/products/nothing", `/stores/${other.store.id}`, "/webhooks/x", "/media/x"]
    ) {
      expect([path, (await manager.get(path)).status]).toEqual([path, 404]);
    }
  });
});
