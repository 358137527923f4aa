import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { seal, unseal } from "./seal.ts";
import { hire, type Login, openConsole, openStore, operator, sell, type Sold, visitor, type World } from "./testing.ts";

type Visitor = ReturnType<typeof visitor>;

describe("the console over the shop", () => {
  let handle: (request: Request) => Promise<Response>;
  let world: World;
  let order: Sold;
  let support: Visitor;
  let manager: Visitor;

  const signIn = async (login: Login): Promise<Visitor> => {
    const them = visitor(handle);
    const response = await them.post("/login", { ...login, next: `/?store=${world.store.slug}` });
    expect(response.status).toBe(303);
    await them.get(response.headers.get("Location") ?? "");
    return them;
  };

  before(async () => {
    handle = await openConsole();
    world = await openStore();
    order = await sell(world, { note: "<script>alert(1)</script>" }, '<script>alert("name")</script>');
    support = await signIn(await hire(world, "support"));
    manager = await signIn(await hire(world, "manager"));
  });

  it("sends a stranger to the sign-in and then back", async () => {
    const stranger = visitor(handle);
    const response = await stranger.get(`/orders?store=${world.store.slug}`);
    expect([response.status, response.headers.get("Location")]).toEqual([
      303,
      `/login?next=${encodeURIComponent(`/orders?store=${world.store.slug}`)}`,
    ]);
  });

  it("follows no link out of the console after signing in", async () => {
    for (const next of ["//evil.test", "/\\evil.test", "https://evil.test/", "javascript:alert(1)"]) {
      const response = await visitor(handle).post("/login", { ...operator(), next });
      expect([next, response.status, response.headers.get("Location")]).toEqual([next, 303, "/"]);
    }
  });

  it("keeps what was typed and says what was wrong", async () => {
    const response = await visitor(handle).post("/login", { email: 'x"@nano.test', password: "wrong" });
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(html).toContain("E-mail or password is wrong.");
    expect(html).toContain('value="x&quot;@nano.test"');
    expect(html).not.toContain('value="wrong"');
  });

  it("keeps the session out of scripts' reach, and unreadable", async () => {
    const response = await visitor(handle).post("/login", { ...operator() });
    const line = response.headers.getSetCookie().find((cookie) => cookie.startsWith("nano_session="));
    expect(line).toContain("HttpOnly");
    expect(line).toContain("SameSite=Lax");
    expect(line).not.toContain("eyJ");
  });

  it("refreshes an ended access token unseen", async () => {
    const session = await unseal("session", manager.jar.get("nano_session") ?? "");
    const before = await seal("session", { ...session as object, expire_time: 0 });
    manager.jar.set("nano_session", before);
    expect((await manager.get("/orders")).status).toBe(200);
    expect(manager.jar.get("nano_session")).not.toBe(before);
    expect((await manager.get("/orders")).status).toBe(200);
  });

  it("ends the session everywhere on sign-out", async () => {
    const them = await signIn(await hire(world, "support"));
    const stolen = them.jar.get("nano_session") ?? "";
    expect((await them.post("/logout", {})).headers.get("Location")).toBe("/login");
    expect(them.jar.has("nano_session")).toBe(false);
    them.jar.set("nano_session", stolen);
    expect((await them.get("/orders")).status).toBe(303);
  });

  it("shows each role only what it may open", async () => {
    const links = async (them: Visitor) => {
      const html = await (await them.get("/orders")).text();
      return ["/orders", "/payments", "/customers", "/webhooks"].filter((href) => html.includes(`href="${href}"`));
    };
    expect(await links(support)).toEqual(["/orders", "/payments"]);
    expect(await links(manager)).toEqual(["/orders", "/payments", "/customers", "/webhooks"]);
  });

  it("refuses a forged post of a role that may not", async () => {
    const id = `/orders/${order.id}`;
    const forged: [string, Record<string, string>][] = [
      [id, { action: "status", status: "processing" }],
      [id, { action: "cancel" }],
      [id, { action: "ship", carrier: "DHL", tracking_number: "1" }],
      ["/orders", { ids: order.id, status: "processing" }],
      ["/staff", { email: "somebody@nano.test", role: "manager" }],
    ];
    for (const [path, fields] of forged) {
      expect([path, fields.action, (await support.post(path, fields)).status]).toEqual([path, fields.action, 403]);
    }
    for (const path of ["/customers", "/staff"]) expect([path, (await support.get(path)).status]).toEqual([path, 403]);
  });

  it("refuses a post from another site's page", async () => {
    const note = { action: "note", text: "planted" };
    for (const headers of [{ Origin: "https://evil.test" }, { "Sec-Fetch-Site": "cross-site" }]) {
      // Refused unread: the answer must not wait for a body that nobody reads.
      for (const path of [`/orders/${order.id}`, "/orders", "/products/new", "/staff", "/logout", "/theme"]) {
        expect([path, (await manager.post(path, note, headers)).status]).toEqual([path, 403]);
      }
    }
    expect(await (await manager.get(`/orders/${order.id}`)).text()).not.toContain("planted");
  });

  it("takes no name that every object has for one of its own", async () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      const forged: [string, Record<string, string>][] = [
        [`/orders/${order.id}`, { action: name }],
        ["/orders", { ids: order.id, status: name }],
        ["/webhooks/x", { act: name }],
      ];
      for (const [path, fields] of forged) {
        const { status } = await manager.post(path, fields);
        expect([path, name, status >= 400 && status < 500]).toEqual([path, name, true]);
      }
      expect(await (await manager.get(`/orders?status=${name}`)).text()).not.toContain("NaN");
      expect((await manager.get(`/audit?table=${name}`)).status).toBe(200);
    }
  });

  it("answers 400 to what is no form, whoever sends it", async () => {
    for (const path of ["/orders", "/products/new", "/profile", "/views", "/step-up"]) {
      const headers = { "Content-Type": "application/json" };
      expect([path, (await manager.send(path, { method: "POST", body: "{}", headers })).status]).toEqual([path, 400]);
    }
  });

  it("shows what people wrote as text", async () => {
    await support.post(`/orders/${order.id}`, { action: "note", text: "<script>alert('note')</script>" });
    for (
      const path of [`/orders/${order.id}`, `/orders/${order.id}/print`, "/orders?q=<script>", "/search?q=<script>"]
    ) {
      const html = await (await support.get(path)).text();
      expect([path, /<script>(alert)?/.test(html.replaceAll(/<script [^>]*>.*?<\/script>/gs, ""))]).toEqual([
        path,
        false,
      ]);
    }
  });

  it("says once what a write did", async () => {
    const response = await support.post(`/orders/${order.id}`, { action: "note", text: "Called back" });
    expect([response.status, response.headers.get("Location")]).toEqual([303, `/orders/${order.id}`]);
    const html = await (await support.get(`/orders/${order.id}`)).text();
    expect(html).toContain("The note is kept.");
    expect(html).toContain("Called back");
    expect(await (await support.get(`/orders/${order.id}`)).text()).not.toContain("The note is kept.");
  });

  it("refuses a refund of more than there is, beside the form, and nothing typed is lost", async () => {
    const html = await (await manager.get(`/orders/${order.id}`)).text();
    const payment_id = /name="payment_id" value="([^"]+)"/.exec(html)?.[1] ?? "";
    const typed = { action: "refund", payment_id, how: "part", amount: "99.99", reason: "Too much" };
    const response = await manager.post(`/orders/${order.id}`, typed);
    expect(response.status).toBe(422);
    const refused = await response.text();
    expect(refused).toContain('value="99.99"');
    expect(refused).toContain('value="Too much"');
    expect(refused).toContain("That did not work");
    const other = await manager.post(`/orders/${order.id}`, { ...typed, amount: "ten" });
    expect([other.status, (await other.text()).includes("such as 12.34")]).toEqual([422, true]);
  });

  it("offers the list as a file", async () => {
    const response = await manager.get("/orders/export?q=ada");
    expect(response.headers.get("Content-Disposition")).toContain(`orders-${world.store.slug}.csv`);
    expect(await response.text()).toContain(String(order.number));
  });

  it("offers the chosen orders as a file", async () => {
    const other = await sell(world);
    const response = await manager.post("/orders", { export: "chosen", status: "processing", ids: order.id });
    expect(response.headers.get("Location")).toBe(`/orders/export?ids=${order.id}`);
    const table = await (await manager.get(`/orders/export?ids=${order.id}`)).text();
    expect([table.includes(order.id), table.includes(other.id)]).toEqual([true, false]);
  });

  it("names the order of each payment", async () => {
    const html = await (await support.get("/payments")).text();
    expect(html).toContain(`>#${order.number}</a>`);
  });

  it("has managers say when money is taken, and nobody else", async () => {
    expect(await (await manager.get("/settings")).text()).toContain('href="/payments/settings"');
    expect(await (await support.get("/settings")).text()).not.toContain('href="/payments/settings"');
    const late = { capture: "manual" };
    expect((await manager.post("/payments/settings", late)).status).toBe(303);
    const html = await (await manager.get("/payments/settings")).text();
    expect(html).toContain("Saved how this store takes payments.");
    expect(/<input [^>]*value="manual"[^>]*>/.exec(html)?.[0]).toContain("checked");
    expect((await manager.post("/payments/settings", { capture: "never" })).status).toBe(422);
    for (const answer of [support.get("/payments/settings"), support.post("/payments/settings", late)]) {
      expect((await answer).status).toBe(403);
    }
    await manager.post("/payments/settings", { capture: "automatic" });
  });

  it("keeps a list as somebody saved it, and drops it", async () => {
    const view = `/orders?q=${order.number}`;
    const saved = await support.post("/views", { act: "save", name: "That <one>", view });
    expect([saved.status, saved.headers.get("Location")]).toEqual([303, view]);
    const links = async () => (await (await support.get("/orders")).text()).includes(">That &lt;one></a>");
    expect(await links()).toBe(true);
    expect(await (await support.get("/products")).text()).not.toContain("That &lt;one>");
    expect((await support.post("/views", { act: "save", name: "x", view: "//evil.test/orders" })).status).toBe(400);
    await support.post("/views", { act: "drop", view });
    expect(await links()).toBe(false);
  });

  it("answers what is not there, or another store's, with 404", async () => {
    const elsewhere = await sell(await openStore());
    for (const id of [elsewhere.id, crypto.randomUUID(), "x"]) {
      expect([id, (await manager.get(`/orders/${id}`)).status]).toEqual([id, 404]);
    }
  });
});
