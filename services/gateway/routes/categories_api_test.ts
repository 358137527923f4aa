import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, operator, type ProblemBody, signUp, unique } from "../testing.ts";

/** What these tests look at in an answer. */
interface Body extends ProblemBody {
  id: string;
  slug: string;
  name: string;
  parent_id: string | null;
  data: { id: string; name: string; parent_id: string | null; product_count: number }[];
}

const send = (caller: Caller, method: string, path: string, body?: unknown) => call<Body>(caller, method, path, body);

describe("/categories", () => {
  let manager: Caller, customer: Caller, outsider: Caller, visitor: Caller;
  before(async () => {
    const admin = await operator();
    const [store, other] = [await openStore(admin), await openStore(admin)];
    visitor = { store: store.slug };
    manager = { token: (await hire(admin, store.id, "manager")).token, ...visitor };
    outsider = { token: (await hire(admin, other.id, "manager")).token, ...visitor };
    customer = { token: (await signUp()).token, ...visitor };
  });
  const create = async (name: string, parent_id?: string) =>
    (await send(manager, "POST", "/categories", { name, parent_id })).body;

  it("are a tree, shown flat with parents first and their products counted", async () => {
    const made = await send(manager, "POST", "/categories", { name: "Clothes" });
    expect([made.status, made.headers.get("location")]).toEqual([201, `/categories/${made.body.id}`]);
    expect(made.body).toEqual({
      id: made.body.id,
      slug: "clothes",
      name: "Clothes",
      parent_id: null,
      product_count: 0,
    });
    const shirts = await create("Shirts", made.body.id);
    const product = { name: "Shirt", sku: unique(), price: 100, category: "shirts" };
    expect((await send(manager, "POST", "/products", product)).status).toBe(201);
    const { headers, body } = await send(visitor, "GET", "/categories");
    expect(headers.get("etag")).toBeTruthy();
    const own = body.data.filter(({ id }) => id === made.body.id || id === shirts.id);
    expect(own.map(({ name, parent_id, product_count }) => [name, parent_id, product_count])).toEqual([
      ["Clothes", null, 0],
      ["Shirts", made.body.id, 1],
    ]);
    const inside = await send(visitor, "GET", "/products?category=clothes");
    expect(inside.body.data.map(({ name }) => name)).toEqual(["Shirt"]);
    for (const id of [made.body.id, shirts.id]) {
      const kept = await send(manager, "DELETE", `/categories/${id}`);
      expect([kept.status, kept.body.code]).toEqual([409, "category_in_use"]);
    }
  });

  it("are moved and renamed, but never below themselves", async () => {
    const [a, b] = [await create("Above"), await create("Beside")];
    const below = await send(manager, "PUT", `/categories/${b.id}`, { name: "Below", parent_id: a.id });
    expect([below.status, below.body.slug, below.body.parent_id]).toEqual([200, "beside", a.id]);
    const circle = await send(manager, "PUT", `/categories/${a.id}`, { name: "Above", parent_id: b.id });
    expect([circle.status, circle.body.code]).toEqual([409, "category_cycle"]);
    expect((await send(manager, "DELETE", `/categories/${b.id}`)).status).toBe(204);
    expect((await send(manager, "DELETE", `/categories/${a.id}`)).status).toBe(204);
  });

  it("belong to the store's managers", async () => {
    const { id } = await create("Guarded");
    for (const [caller, status] of [[visitor, 401], [customer, 403], [outsider, 404]] as const) {
      expect((await send(caller, "POST", "/categories", {})).status).toBe(status);
      expect((await send(caller, "PUT", `/categories/${id}`, {})).status).toBe(status);
      expect((await send(caller, "DELETE", `/categories/${id}`)).status).toBe(status);
    }
  });

  it("refuse bad input with its place", async () => {
    const taken = await create("Taken");
    const again = await send(manager, "POST", "/categories", { name: "Other", slug: taken.slug });
    expect([again.status, again.body.code]).toEqual([409, "slug_taken"]);
    for (
      const [body, pointer] of [
        [{}, "/name"],
        [{ name: "A", slug: "A b" }, "/slug"],
        [{ name: "A", parent_id: "x" }, "/parent_id"],
        [{ name: "A", parent_id: crypto.randomUUID() }, "/parent_id"],
        [{ name: "A", product_count: 9 }, "/product_count"],
      ] as const
    ) {
      const { status, body: problem } = await send(manager, "POST", "/categories", body);
      expect([status, problem.errors[0]?.pointer]).toEqual([400, pointer]);
    }
    expect((await send(manager, "PUT", "/categories/nonsense", {})).status).toBe(404);
  });
});
