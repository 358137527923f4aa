import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { Secret, TOTP } from "otpauth";
import { seal, unseal } from "./seal.ts";
import { call, hire, type Login, openConsole, openStore, unique, visitor, type World } from "./testing.ts";

type Visitor = ReturnType<typeof visitor>;
type Fields = Record<string, string>;

/** Where a page's form goes, and what is filled in already. */
function formIn(html: string, path: string): { action: string; fields: Fields } {
  for (const [, tag = "", content = ""] of html.matchAll(/<form ([^>]*)>(.*?)<\/form>/gs)) {
    const action = /action="([^"]*)"/.exec(tag)?.[1]?.replaceAll("&amp;", "&") ?? path;
    if (!tag.includes('method="post"') || new URL(action, "http://localhost").pathname !== path) continue;
    const hidden = content.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
    return { action, fields: Object.fromEntries([...hidden].map(([, name, value]) => [name, value])) };
  }
  throw new Error(`${path} has no form of its own`);
}

describe("an operator of two stores", () => {
  let handle: (request: Request) => Promise<Response>;
  let a: World;
  let b: World;

  /** A manager of both stores. */
  const engage = async (): Promise<{ login: Login; id: string }> => {
    const login = await hire(a, "manager");
    const { data } = await call<{ data: { id: string; email: string }[] }>(inStore(a), "GET", "/users?role=manager");
    const id = data.find(({ email }) => email === login.email)?.id ?? "";
    const store_roles = [a, b].map(({ store }) => ({ store_id: store.id, role: "manager" }));
    await call({ token: a.token }, "PATCH", `/users/${id}`, { store_roles });
    return { login, id };
  };
  const inStore = ({ token, store: { slug: store } }: World) => ({ token, store });
  const seat = async ({ login }: { login: Login }): Promise<Visitor> => {
    const them = visitor(handle);
    await them.post("/login", { ...login });
    await them.get(`/?store=${a.store.slug}`);
    return them;
  };
  const open = async (them: Visitor, path: string) => formIn(await (await them.get(path)).text(), path);
  const switchTo = (them: Visitor, { store }: World, headers: HeadersInit = {}) =>
    them.send(`/?store=${store.slug}`, { headers });
  const nameOf = (html: string) => /<summary><span>([^<]*)<\/span>/.exec(html)?.[1];
  const current = async (them: Visitor) => nameOf(await (await them.get("/")).text());

  before(async () => {
    handle = await openConsole();
    [a, b] = [await openStore("Store A"), await openStore("Store B")];
  });

  it("writes to the store that a form was opened in, whichever is switched to by then", async () => {
    const them = await seat(await engage());
    const colleague = await engage();
    const mark = unique();
    const forms: [path: string, fields: Fields, where: string][] = [
      ["/products/new", { name: mark, sku: mark, price: "12.34", stock: "1", status: "active" }, "/products?limit=100"],
      ["/categories", { name: mark, slug: mark }, "/categories"],
      ["/webhooks/new", { url: `https://example.com/${mark}`, event_types: "*" }, "/webhooks"],
      ["/api-keys/new", { name: mark, kind: "publishable" }, "/api-keys"],
      ["/staff/invitations", { email: `${mark}@nano.test`, role: "support" }, "/invitations"],
    ];
    for (const [path, fields, where] of forms) {
      await switchTo(them, a);
      const form = await open(them, path);
      await switchTo(them, b);
      const { status } = await them.post(form.action, { ...form.fields, ...fields });
      const found = async (world: World) => JSON.stringify(await call(inStore(world), "GET", where)).includes(mark);
      expect([path, status, await found(a), await found(b)]).toEqual([path, 303, true, false]);
    }
    await switchTo(them, a);
    const settings = await open(them, "/payments/settings");
    const role = await open(them, `/staff/${colleague.id}`);
    await switchTo(them, b);
    expect((await them.post(settings.action, { capture: "manual" })).status).toBe(303);
    for (const [world, capture] of [[a, "manual"], [b, "automatic"]] as const) {
      expect(await call(inStore(world), "GET", "/payments/settings")).toMatchObject({ capture });
    }
    await switchTo(them, b);
    expect((await them.post(role.action, { ...role.fields, role: "support" })).status).toBe(303);
    const { store_roles } = await call<{ store_roles: { store_id: string; role: string }[] }>(
      { token: a.token },
      "GET",
      `/users/${colleague.id}`,
    );
    expect(Object.fromEntries(store_roles.map((one) => [one.store_id, one.role]))).toEqual({
      [a.store.id]: "support",
      [b.store.id]: "manager",
    });
  });

  it("has the two steps of an import in one store, and goes on there", async () => {
    const them = await seat(await engage());
    const sku = unique();
    const table = `name,slug,sku,price,stock\nCup,${sku},${sku},7.50,3\n`;
    const form = await open(them, "/products/import");
    await switchTo(them, b);
    const preview = formIn(
      await (await them.post(form.action, { act: "preview", table })).text(),
      "/products/import",
    );
    await switchTo(them, b);
    expect((await them.post(preview.action, { act: "run", table })).status).toBe(303);
    expect(await (await them.get(`/products?q=${sku}`)).text()).toContain(sku);
    expect(await current(them)).toBe("Store A");
  });

  it("sends what waited for a confirmation to the store that it was for", async () => {
    const { login } = await engage();
    const { access_token: token } = await call<{ access_token: string }>({}, "POST", "/auth/login", login);
    const { secret } = await call<{ secret: string }>({ token }, "POST", "/users/me/totp");
    const app = new TOTP({ secret: Secret.fromBase32(secret) });
    const { recovery_codes: [first = "", second = ""] } = await call<{ recovery_codes: string[] }>(
      { token },
      "POST",
      "/users/me/totp/confirm",
      { code: app.generate() },
    );
    const them = visitor(handle);
    const { fields } = formIn(await (await them.post("/login", { ...login })).text(), "/login");
    expect((await them.post("/login", { ...fields, code: first })).status).toBe(303);
    await switchTo(them, a);
    const form = await open(them, "/api-keys/new");
    await switchTo(them, b);
    const name = unique();
    const fieldsOfKey = { ...form.fields, name, kind: "publishable" };
    const length = String(new URLSearchParams(fieldsOfKey).toString().length);
    const asked = await them.post(form.action, fieldsOfKey, { "Content-Length": length });
    expect(asked.headers.get("Location")).toBe("/step-up?next=%2Fapi-keys%2Fnew");
    await switchTo(them, b);
    const held = formIn(await (await them.post("/step-up", { code: second })).text(), "/api-keys/new");
    expect((await them.post(held.action, held.fields)).status).toBe(303);
    const found = async (world: World) => JSON.stringify(await call(inStore(world), "GET", "/api-keys")).includes(name);
    expect([await found(a), await found(b)]).toEqual([true, false]);
  });

  it("is shown a store by another site's link, and not switched to it", async () => {
    const them = await seat(await engage());
    for (const site of ["cross-site", "same-site"]) {
      const shown = await switchTo(them, b, { "Sec-Fetch-Site": site });
      expect([site, nameOf(await shown.text()), await current(them)]).toEqual([site, "Store B", "Store A"]);
    }
    await switchTo(them, b, { "Sec-Fetch-Site": "same-origin" });
    expect(await current(them)).toBe("Store B");
  });

  it("is told that the store of a form is no longer theirs, and nothing is written", async () => {
    const { login, id } = await engage();
    const them = await seat({ login });
    const form = await open(them, "/categories");
    await call({ token: a.token }, "PATCH", `/users/${id}`, {
      store_roles: [{ store_id: b.store.id, role: "manager" }],
    });
    // Whose roles change is signed out everywhere.
    await them.post("/login", { ...login });
    const name = unique();
    const refused = await them.post(form.action, { name, slug: name });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("You no longer work for the store of this form. Nothing was saved.");
    for (const world of [a, b]) {
      expect(JSON.stringify(await call(inStore(world), "GET", "/categories"))).not.toContain(name);
    }
    expect(await (await them.get("/")).text()).toContain("Store B");
  });

  it("works for the same stores, whatever the session holds of them", async () => {
    const them = await seat(await engage());
    const session = await unseal("session", them.jar.get("nano_session") ?? "") as object;
    expect(session).toMatchObject({ stores: [a.store.id, b.store.id] });
    const elsewhere = await openStore("Elsewhere");
    for (const stores of [undefined, "*", [], [b.store.id], [elsewhere.store.id]]) {
      them.jar.set("nano_session", await seal("session", { ...session, stores }));
      const html = await (await them.get("/settings")).text();
      const listed = [...html.matchAll(/<a href="\/\?store=([^"]*)"/g)].map(([, slug]) => slug);
      expect([stores, listed]).toEqual([stores, [a.store.slug, b.store.slug]]);
    }
  });

  it("stays in a store that gets another slug", async () => {
    const them = await seat(await engage());
    const { store } = b;
    await switchTo(them, b);
    const { version } = await call<{ version: number }>({ token: b.token }, "GET", `/stores/${store.id}`);
    const slug = `s-${unique()}`;
    const fields = { name: "Store B", slug, currency: "USD", country: "US", version: String(version) };
    const form = await open(them, `/stores/${store.id}`);
    expect((await them.post(form.action, { ...form.fields, ...fields })).status).toBe(303);
    store.slug = slug;
    expect(await current(them)).toBe("Store B");
  });
});
