import { before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { call, hire, type Login, openConsole, openStore, unique, visitor, type World } from "./testing.ts";
import type { Page, Product, User } from "./types.ts";

describe("a session that ends while a form is filled in", () => {
  let handle: (request: Request) => Promise<Response>;
  let world: World;
  let manager: Login;

  /** Somebody at the console whose session somebody else has just ended. */
  const signedOut = async () => {
    const them = visitor(handle);
    await them.post("/login", { ...manager });
    await them.get(`/?store=${world.store.slug}`);
    const { token, store } = world;
    const { data } = await call<Page<User>>({ token, store: store.slug }, "GET", `/users?q=${manager.email}`);
    await call({ token }, "DELETE", `/users/${data[0]?.id}/sessions`);
    return them;
  };
  const product = (name: string) => {
    const form = new FormData();
    const fields = { name, sku: unique(), price: "12.34", stock: "5", status: "active" };
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    form.append("image_file", new File([], ""));
    return form;
  };
  const path = () => `/products/new?store=${world.store.id}`;
  /** Sends a product's form, is asked to sign in, and does. */
  const sendAndSignIn = async (them: ReturnType<typeof visitor>, form: FormData, login: Login) => {
    const encoded = new Response(form);
    const body = await encoded.bytes();
    const headers = { ...Object.fromEntries(encoded.headers), "Content-Length": String(body.length) };
    const refused = await them.send(path(), { method: "POST", body, headers });
    expect([refused.status, refused.headers.get("Location")]).toEqual([303, "/login?next=%2Fproducts%2Fnew"]);
    return await them.post("/login", { ...login, next: "/products/new" });
  };

  before(async () => {
    handle = await openConsole();
    world = await openStore();
    manager = await hire(world, "manager");
  });

  it("loses nothing: signed in again, the form is sent as it was", async () => {
    const them = await signedOut();
    const response = await sendAndSignIn(them, product("Kept"), manager);
    const html = await response.text();
    expect([response.status, html.includes("Send it now")]).toEqual([200, true]);
    const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const sent = await them.post(path(), Object.fromEntries(fields.map(([, name, value]) => [name, value ?? ""])));
    expect(sent.status).toBe(303);
    const made = await call<Product>({ token: world.token }, "GET", sent.headers.get("Location") ?? "");
    expect(made).toMatchObject({ name: "Kept", price: { amount: 1234 } });
    expect((await them.post("/login", { ...manager, next: "/orders" })).headers.get("Location")).toBe("/orders");
  });

  it("shows nobody else what was typed", async () => {
    const them = await signedOut();
    const response = await sendAndSignIn(them, product("Private"), await hire(world, "manager"));
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/products/new"]);
  });
});
