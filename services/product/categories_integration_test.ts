import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import { admin, as, customer, product, refusal, staff, startProductService, stranger, variant } from "./testing.ts";

type Service = Awaited<ReturnType<typeof startProductService>>;

let service: Service;
before(async () => void (service = await startProductService()));
after(() => service?.stop());

const create = (store_id: string, input: Parameters<typeof product>) =>
  as(admin, () => service.rpc.createProduct({ store_id, product: product(...input) }));
const update = (id: string, version: number, input: Parameters<typeof product>) =>
  as(admin, () => service.rpc.updateProduct({ id, version, replace: false, product: product(...input) }));

describe("categories", () => {
  const store_id = newId();
  const category = (name: string, more: { slug?: string; parent_id?: string } = {}, actor: Actor = admin) =>
    as(actor, () => service.rpc.createCategory({ store_id, name, ...more }));
  const move = (id: string, name: string, parent_id?: string) =>
    as(admin, () => service.rpc.updateCategory({ id, name, ...(parent_id ? { parent_id } : {}) }));
  const all = async () => (await as(stranger, () => service.rpc.listCategories({ store_id }))).data;

  it("form a tree that is listed parents first", async () => {
    const a = await category("Home");
    const b = await category("Kitchen", { parent_id: a.id });
    const c = await category("Knives", { parent_id: b.id });
    expect((await all()).map(({ id }) => id)).toEqual([a.id, b.id, c.id]);
    expect((await refusal(move(a.id, "Home", c.id))).code).toBe("category_cycle");
    expect((await refusal(move(a.id, "Home", a.id))).code).toBe("category_cycle");
    expect((await move(c.id, "Knives", a.id)).parent_id).toBe(a.id);
    expect((await refusal(category("Lost", { parent_id: newId() }))).code).toBe("category_not_found");
  });

  it("never become a circle by two moves at once", async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await category(`A${round}`), await category(`B${round}`)];
      const moves = await Promise.allSettled([move(a.id, "a", b.id), move(b.id, "b", a.id)]);
      expect(moves.filter((result) => result.status === "fulfilled").length).toBe(1);
    }
  });

  it("count their own active products", async () => {
    const { id } = await category("Counted");
    const count = async () => (await all()).find((category) => category.id === id)?.product_count;
    const first = await create(store_id, ["One", [variant("ONE", 1)], { category: "counted" }]);
    const second = await create(store_id, ["Two", [variant("TWO", 1)], { category: id, status: "draft" }]);
    expect(await count()).toBe(1);
    await update(second.id, 1, [undefined, [], { status: "active" }]);
    expect(await count()).toBe(2);
    await update(first.id, 1, [undefined, [], { category: "" }]);
    await as(admin, () => service.rpc.deleteProduct({ id: second.id }));
    expect(await count()).toBe(0);
  });

  it("stay while anything is in them", async () => {
    const parent = await category("Full");
    const child = await category("Leaf", { parent_id: parent.id });
    const inside = await create(store_id, ["In", [variant("IN", 1)], { category: child.id }]);
    const remove = (id: string) => as(admin, () => service.rpc.deleteCategory({ id }));
    expect((await refusal(remove(parent.id))).code).toBe("category_in_use");
    expect((await refusal(remove(child.id))).code).toBe("category_in_use");
    await update(inside.id, 1, [undefined, [], { category: "" }]);
    await remove(child.id);
    await remove(parent.id);
    expect((await refusal(remove(parent.id))).code).toBe("category_not_found");
  });

  it("and products of one name, made at the same moment, have slugs of their own", async () => {
    const five = (make: (n: number) => Promise<{ slug: string }>) =>
      Promise.all(Array.from({ length: 5 }, (_, n) => make(n))).then((made) => new Set(made.map(({ slug }) => slug)));
    expect((await five(() => category("Twins"))).size).toBe(5);
    expect((await five((n) => create(store_id, ["Twin", [variant(`TWIN-${n}`, 1)]]))).size).toBe(5);
  });

  it("take no product that comes while they go", async () => {
    const { id } = await category("Going");
    const other = await service.owner.connect();
    await other.query("begin");
    await other.query("delete from product.categories where id = $1", [id]);
    const coming = refusal(create(store_id, ["Late", [variant("LATE", 1)], { category: id }]));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await other.query("commit");
    other.release();
    expect((await coming).code).toBe("category_not_found");
  });

  it("have slugs of their own in the store and belong to its managers", async () => {
    await category("Unique", { slug: "unique" });
    expect((await refusal(category("Unique", { slug: "unique" }))).code).toBe("slug_taken");
    expect((await refusal(category("Mine", {}, customer))).code).toBe("forbidden");
    expect((await refusal(category("Mine", {}, stranger))).code).toBe("unauthenticated");
    expect((await category("Ours", {}, staff(store_id))).slug).toBe("ours");
  });
});
