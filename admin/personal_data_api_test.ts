import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, hire, type Login, openConsole, openStore, operator, visitor, type World } from "./testing.ts";

type Visitor = ReturnType<typeof visitor>;

describe("a customer's page", () => {
  let world: World;
  let admin: Visitor;
  let manager: Visitor;
  let customer: { id: string; email: string };

  before(async () => {
    const handle = await openConsole();
    world = await openStore();
    const signIn = async (login: Login): Promise<Visitor> => {
      const them = visitor(handle);
      const response = await them.post("/login", { ...login, next: `/?store=${world.store.slug}` });
      await them.get(response.headers.get("Location") ?? "");
      return them;
    };
    admin = await signIn(operator());
    manager = await signIn(await hire(world, "manager"));
    const email = `${crypto.randomUUID()}@nano.test`;
    const { user } = await call<{ user: { id: string } }>({ store: world.store.slug }, "POST", "/auth/register", {
      email,
      password: "correct horse battery",
    });
    customer = { id: user.id, email };
  });

  it("offers an admin to export and to erase, and says what that does", async () => {
    const html = await (await admin.get(`/customers/${customer.id}`)).text();
    expect(html).toContain(`href="/customers/${customer.id}/export"`);
    expect(html).toContain("It can&#39;t be undone.".replace("&#39;", "'"));
  });

  it("offers neither to a manager, and refuses both", async () => {
    const html = await (await manager.get(`/customers/${customer.id}`)).text();
    expect(html).toContain(customer.email);
    expect(html).not.toContain("Erase");
    expect((await manager.get(`/customers/${customer.id}/export`)).status).toBe(403);
    expect((await manager.post(`/customers/${customer.id}`, {})).status).toBe(403);
  });

  it("hands the data out as a file", async () => {
    const response = await admin.get(`/customers/${customer.id}/export`);
    expect(response.headers.get("Content-Disposition")).toContain("attachment");
    expect(await response.json()).toMatchObject({ user: { account: { email: customer.email } }, orders: [] });
  });

  it("erases", async () => {
    const response = await admin.post(`/customers/${customer.id}`, {});
    expect([response.status, response.headers.get("Location")]).toEqual([303, "/customers"]);
    expect(await (await admin.get("/customers")).text()).toContain(`${customer.email} is being erased.`);
  });

  it("has beside it the store's audit log, which is exported as a table", async () => {
    const html = await (await manager.get("/audit?table=stores")).text();
    expect(html).toContain('href="/audit/export?table=stores"');
    const response = await manager.get("/audit/export?table=stores");
    expect(response.headers.get("Content-Type")).toContain("text/csv");
    expect(await response.text()).toContain(world.store.id);
  });
});
