import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { testShop } from "../../shared/testing.ts";

const shop = testShop();
const PASSWORD = "correct horse battery";
const unique = () => crypto.randomUUID().slice(0, 8);
const newEmail = () => `${crypto.randomUUID()}@shop.test`;

interface Person {
  id: string;
  email: string;
  token: string;
}

interface Options {
  token?: string | undefined;
  body?: unknown;
  store?: string;
}

async function call(method: string, path: string, { token, body, store }: Options = {}) {
  const response = await fetch(new URL(path, shop.gateway), {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(store ? { "x-store": store } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

async function login(email: string, password = PASSWORD, store?: string): Promise<Person> {
  const { status, body } = await call("POST", "/auth/login", {
    body: { email, password },
    ...(store ? { store } : {}),
  });
  expect(status).toBe(200);
  return { id: body.user.id, email, token: body.access_token };
}

async function register(store: string): Promise<Person> {
  const email = newEmail();
  const { status, body } = await call("POST", "/auth/register", { body: { email, password: PASSWORD }, store });
  expect(status).toBe(201);
  return { id: body.user.id, email, token: body.access_token };
}

let admin: Person;
before(async () => {
  admin = await login(shop.operator.email, shop.operator.password);
});

async function newStore(): Promise<{ id: string; slug: string }> {
  const body = { slug: `s-${unique()}`, name: "People", currency: "EUR", country: "DE" };
  const { status, body: store } = await call("POST", "/stores", { token: admin.token, body });
  expect(status).toBe(201);
  return store;
}

/** Makes somebody staff, and signs in with the role. */
async function hire(store: { id: string; slug: string }, role: "support" | "manager"): Promise<Person> {
  const { id, email } = await register(store.slug);
  const { status } = await call("PATCH", `/users/${id}`, {
    token: admin.token,
    body: { store_roles: [{ store_id: store.id, role }] },
  });
  expect(status).toBe(200);
  return await login(email, PASSWORD, store.slug);
}

describe("/users/me", () => {
  it("shows a customer without permissions, and an admin with all", async () => {
    const { token, id, email } = await register("default");
    const mine = await call("GET", "/users/me", { token });
    expect(mine.body).toEqual({
      id,
      email,
      name: null,
      role: "customer",
      store_roles: [],
      create_time: expect.any(String),
      email_verified: false,
      permissions: {},
    });
    const operator = (await call("GET", "/users/me", { token: admin.token })).body;
    expect(operator.role).toBe("admin");
    expect(operator.permissions["*"]).toContain("platform:write");
  });

  it("shows a manager the permissions by store", async () => {
    const store = await newStore();
    const { token } = await hire(store, "manager");
    const { permissions } = (await call("GET", "/users/me", { token })).body;
    expect(Object.keys(permissions)).toEqual([store.id]);
    expect(permissions[store.id]).toContain("user:write");
    expect(permissions[store.id]).not.toContain("platform:write");
  });

  it("changes the name, and clears it", async () => {
    const { token } = await register("default");
    const name = async (name: string | null) => (await call("PATCH", "/users/me", { token, body: { name } })).body.name;
    expect(await name("Ada \u{1f600}")).toBe("Ada \u{1f600}");
    expect(await name(null)).toBe(null);
  });

  it("changes e-mail and password with the present password only; other sessions end at once", async () => {
    const { token, email } = await register("default");
    const other = await login(email);
    const change = (body: unknown) => call("PATCH", "/users/me", { token, body });
    const [password, next] = ["quite another password", newEmail()];
    expect((await change({ password })).body.code).toBe("current_password_required");
    const wrong = await change({ password, current_password: "wrong" });
    expect([wrong.status, wrong.body.code]).toEqual([403, "wrong_password"]);
    expect((await change({ password: "short", current_password: PASSWORD })).body.code).toBe("weak_password");
    expect((await change({ email: next, password, current_password: PASSWORD })).body.email).toBe(next);
    expect((await call("GET", "/users/me", { token })).body.email).toBe(next);
    expect((await call("GET", "/users/me", { token: other.token })).status).toBe(401);
    await login(next, password);
    expect((await call("POST", "/auth/login", { body: { email, password } })).status).toBe(401);
  });

  it("refuses another's e-mail, the own role, and unknown fields", async () => {
    const [one, two] = [await register("default"), await register("default")];
    const change = (body: unknown) => call("PATCH", "/users/me", { token: one.token, body });
    expect((await change({ email: two.email, current_password: PASSWORD })).body.code).toBe("email_taken");
    expect((await change({ role: "admin" })).body).toMatchObject({
      status: 400,
      code: "unknown_field",
      errors: [{ pointer: "/role" }],
    });
    expect((await change({ id: two.id })).body.code).toBe("unknown_field");
    expect((await change({ name: "x".repeat(201) })).status).toBe(400);
  });

  it("is for the signed-in only", async () => {
    expect((await call("GET", "/users/me")).status).toBe(401);
    expect((await call("PATCH", "/users/me", { body: { nonsense: 1 } })).status).toBe(401);
  });
});

describe("/users/me/addresses", () => {
  const address = {
    name: "Ada",
    line1: "12 St James's Square",
    city: "London",
    postal_code: "SW1Y 4JH",
    country: "GB",
  };

  it("is a book of one's own: add, list, get, merge, delete", async () => {
    const { token } = await register("default");
    const made = await call("POST", "/users/me/addresses", { token, body: { ...address, company: "Engines" } });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.any(String),
      ...address,
      company: "Engines",
      create_time: expect.any(String),
      update_time: expect.any(String),
    });
    const path = made.headers.get("location") ?? "";
    expect(path).toBe(`/users/me/addresses/${made.body.id}`);
    await call("POST", "/users/me/addresses", { token, body: address });

    const page = (await call("GET", "/users/me/addresses?limit=1&count=exact", { token })).body;
    expect([page.data.length, page.total]).toEqual([1, 2]);
    const rest = (await call("GET", `/users/me/addresses?limit=1&cursor=${page.next_cursor}`, { token })).body;
    expect(rest).toMatchObject({ data: [{ id: made.body.id }], next_cursor: null });

    const merged = await call("PATCH", path, { token, body: { city: "Paris", company: null } });
    expect(merged.body).toMatchObject({ ...address, city: "Paris" });
    expect(merged.body.company).toBe(undefined);
    expect((await call("GET", path, { token })).body).toEqual(merged.body);
    expect((await call("DELETE", path, { token })).status).toBe(204);
    expect((await call("DELETE", path, { token })).body.code).toBe("address_not_found");
  });

  it("shows nobody else's, whatever the body says", async () => {
    const [one, two] = [await register("default"), await register("default")];
    const { id } = (await call("POST", "/users/me/addresses", { token: one.token, body: address })).body;
    const path = `/users/me/addresses/${id}`;
    for (const { token } of [two, admin]) {
      expect((await call("GET", path, { token })).status).toBe(404);
      expect((await call("PATCH", path, { token, body: { nonsense: 1 } })).status).toBe(404);
      expect((await call("DELETE", path, { token })).status).toBe(404);
    }
    expect((await call("GET", path)).status).toBe(401);
    expect((await call("PATCH", "/users/me/addresses/x", { token: one.token, body: {} })).status).toBe(404);
  });

  it("refuses what is no address, by its field", async () => {
    const { token } = await register("default");
    const refused = async (body: unknown) => {
      const answer = await call("POST", "/users/me/addresses", { token, body });
      return [answer.status, answer.body.errors?.[0]?.pointer];
    };
    expect(await refused({ ...address, country: "gb" })).toEqual([400, "/country"]);
    expect(await refused({ ...address, city: "" })).toEqual([400, "/city"]);
    expect(await refused({ ...address, id: "x" })).toEqual([400, "/id"]);
    expect(await refused({ ...address, line1: "a\0b" })).toEqual([400, "/line1"]);
    const { id } = (await call("POST", "/users/me/addresses", { token, body: address })).body;
    const patch = await call("PATCH", `/users/me/addresses/${id}`, { token, body: { city: null } });
    expect([patch.status, patch.body.errors[0].pointer]).toEqual([400, "/city"]);
  });
});

describe("/users", () => {
  it("lists a manager's staff and buyers, page by page, and counts them", async () => {
    const store = await newStore();
    const manager = await hire(store, "manager");
    const buyers = [await register(store.slug), await register(store.slug)];
    const page = (await call("GET", "/users?limit=2&count=exact", { token: manager.token })).body;
    expect(page.total).toBe(3);
    expect(page.data.map((user: Person) => user.id)).toEqual(buyers.map((buyer) => buyer.id).reverse());
    const rest = (await call("GET", `/users?limit=2&cursor=${page.next_cursor}`, { token: manager.token })).body;
    expect(rest).toMatchObject({
      data: [{ id: manager.id, store_roles: [{ store_id: store.id, role: "manager" }] }],
      next_cursor: null,
    });
    const found = (await call("GET", `/users?role=manager`, { token: manager.token })).body.data;
    expect(found.map((user: Person) => user.id)).toEqual([manager.id]);
  });

  it("lists everybody for an admin, or a store's people", async () => {
    const store = await newStore();
    const buyer = await register(store.slug);
    const of = async (query: string, store?: string) =>
      (await call("GET", `/users?${query}`, { token: admin.token, ...(store ? { store } : {}) })).body.data.map((
        user: Person,
      ) => user.id);
    expect(await of(`q=${buyer.email.slice(0, 20)}`)).toEqual([buyer.id]);
    expect(await of("", store.slug)).toEqual([buyer.id]);
    expect(await of(`store=${store.slug}`)).toEqual([buyer.id]);
    expect(await of("role=admin")).toContain(admin.id);
  });

  it("refuses strangers, customers, support, and managers of other stores", async () => {
    const [store, other] = [await newStore(), await newStore()];
    const [buyer, support, manager] = [
      await register(store.slug),
      await hire(store, "support"),
      await hire(other, "manager"),
    ];
    expect((await call("GET", "/users")).status).toBe(401);
    for (const { token } of [buyer, support]) {
      expect((await call("GET", "/users", { token })).status).toBe(403);
      expect((await call("GET", `/users/${admin.id}`, { token })).status).toBe(403);
      expect((await call("PATCH", `/users/${buyer.id}`, { token, body: { nonsense: 1 } })).status).toBe(403);
    }
    expect((await call("GET", "/users", { token: manager.token, store: store.slug })).body.code).toBe(
      "store_not_found",
    );
    expect((await call("GET", `/users/${buyer.id}`, { token: manager.token })).body.code).toBe("user_not_found");
    expect((await call("PATCH", `/users/${buyer.id}`, { token: manager.token, body: { nonsense: 1 } })).status).toBe(
      404,
    );
    for (const id of ["x", crypto.randomUUID()]) {
      expect((await call("GET", `/users/${id}`, { token: admin.token })).status).toBe(404);
    }
  });

  it("refuses limits, cursors and roles that are none", async () => {
    for (const query of ["limit=0", "limit=x", "cursor=x", "role=owner"]) {
      expect((await call("GET", `/users?${query}`, { token: admin.token })).status).toBe(400);
    }
    expect((await call("GET", "/users?limit=1000", { token: admin.token })).status).toBe(200);
  });

  it("lets a manager hire and dismiss in the own store, and nothing else", async () => {
    const [store, other] = [await newStore(), await newStore()];
    const manager = await hire(store, "manager");
    const buyer = await register(store.slug);
    const elsewhere = { store_id: other.id, role: "manager" };
    await call("PATCH", `/users/${buyer.id}`, { token: admin.token, body: { store_roles: [elsewhere] } });
    const change = (id: string, body: unknown) => call("PATCH", `/users/${id}`, { token: manager.token, body });
    const hired = { store_id: store.id, role: "support" };
    expect((await change(buyer.id, { store_roles: [hired] })).body.store_roles).toEqual([hired]);
    const all = (await call("GET", `/users/${buyer.id}`, { token: admin.token })).body.store_roles;
    expect(all).toHaveLength(2);
    expect(all).toContainEqual(elsewhere);
    await change(buyer.id, { store_roles: [] });
    expect((await call("GET", `/users/${buyer.id}`, { token: admin.token })).body.store_roles).toEqual([elsewhere]);
    for (
      const body of [{ role: "admin" }, { email: newEmail() }, { password: PASSWORD }, { name: "x" }, {
        store_roles: [elsewhere],
      }]
    ) {
      expect((await change(buyer.id, body)).status).toBe(403);
    }
    expect((await change(manager.id, { store_roles: [] })).status).toBe(403);
  });

  it("gives no roles in a store that there is not", async () => {
    const buyer = await register((await newStore()).slug);
    const store_roles = [{ store_id: crypto.randomUUID(), role: "support" }];
    const made = { email: `${crypto.randomUUID()}@nano.test`, password: "correct horse battery", store_roles };
    for (
      const [method, path, sent] of [["PATCH", `/users/${buyer.id}`, { store_roles }], [
        "POST",
        "/users",
        made,
      ]] as const
    ) {
      const { status, body } = await call(method, path, { token: admin.token, body: sent });
      expect([method, status, body.code, body.errors?.[0].pointer]).toEqual([
        method,
        400,
        "invalid_store_roles",
        "/store_roles/0/store_id",
      ]);
    }
  });

  it("ends a user's sessions at once when the roles change", async () => {
    const store = await newStore();
    const buyer = await register(store.slug);
    expect((await call("GET", "/users/me", { token: buyer.token })).status).toBe(200);
    await call("PATCH", `/users/${buyer.id}`, {
      token: admin.token,
      body: { store_roles: [{ store_id: store.id, role: "support" }] },
    });
    expect((await call("GET", "/users/me", { token: buyer.token })).status).toBe(401);
  });

  it("lets nobody change the own role", async () => {
    const { status, body } = await call("PATCH", `/users/${admin.id}`, {
      token: admin.token,
      body: { role: "customer" },
    });
    expect([status, body.code]).toEqual([403, "forbidden"]);
  });
});
