import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type {
  ListProductsRequest,
  ListProductsResponse,
  ProductInput,
} from "../../proto/gen/nano/product/v1/product.ts";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import { admin, as, product, refusal, startProductService, stranger, variant } from "./testing.ts";

let service: Awaited<ReturnType<typeof startProductService>>;
before(async () => void (service = await startProductService()));
after(() => service?.stop());

let made = 0;
const create = (store_id: string, name: string, more: Partial<ProductInput> & { sku?: string } = {}) => {
  const { sku = `N-${made++}`, ...rest } = more;
  const input = product(name, [variant(sku, 100 + made, 1)], rest);
  return as(admin, () => service.rpc.createProduct({ store_id, product: input }));
};
const list = (store_id: string, query: Partial<ListProductsRequest>, actor: Actor = stranger) =>
  as(actor, () => service.rpc.listProducts({ store_id, limit: 20, count: false, ...query }));
const names = (page: ListProductsResponse) => page.data.map(({ name }) => name);

/** All pages of a search. */
async function pages(store_id: string, query: Partial<ListProductsRequest>): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(store_id, { ...query, ...(cursor ? { cursor } : {}) });
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor);
  return seen;
}

describe("a search that asks for no order", () => {
  const store_id = newId();
  before(async () => {
    await create(store_id, "Oak table", { description: "Goes with a linen napkin." });
    await create(store_id, "Linen");
    await create(store_id, "Shirt of linen");
    await create(store_id, "Linen shirt");
    await create(store_id, "Linens, a pair");
    await create(store_id, "Basket", { sku: "LINEN" });
    await create(store_id, "Wool scarf");
  });

  it("ranks SKU, whole name, a name's beginning, words of names, and then the rest", async () => {
    const ranked = ["Basket", "Linen", "Linen shirt", "Linens, a pair", "Shirt of linen", "Oak table"];
    expect(names(await list(store_id, { q: "linen" }))).toEqual(ranked);
    expect(names(await list(store_id, { q: "LINEN", limit: 2 }))).toEqual(ranked.slice(0, 2));
  });

  it("finds as one types, a letter being enough", async () => {
    for (const q of ["s", "sh", "shi", "shirt of l"]) {
      expect(names(await list(store_id, { q }))).toContain("Shirt of linen");
    }
  });

  it("is paged without a gap or a double", async () => {
    const all = (await list(store_id, { q: "linen" })).data.map(({ id }) => id);
    for (const limit of [1, 2, 4]) expect(await pages(store_id, { q: "linen", limit })).toEqual(all);
  });

  it("finds words with numbers by their beginning, also behind thousands of newer products", async () => {
    const store_id = newId();
    await create(store_id, "Sony MP3 player");
    await create(store_id, "Mpeg tape");
    await service.owner.query(
      `insert into product.products (id, store_id, slug, name, currency, price, in_stock)
       select gen_random_uuid(), $1, 'later' || n, 'Later', 'USD', 100, true from generate_series(1, 2100) n`,
      [store_id],
    );
    expect(names(await list(store_id, { q: "mp" })).sort()).toEqual(["Mpeg tape", "Sony MP3 player"]);
    expect(names(await list(store_id, { q: "mp3" }))).toEqual(["Sony MP3 player"]);
  });

  it("keeps to the store, to what is on sale and to the filters", async () => {
    await create(newId(), "Linen of another store", { sku: "ZQX-7719" });
    await create(store_id, "Linen draft", { status: "draft", sku: "QVK-4410" });
    for (const q of ["zqx-7719", "qvk-4410"]) expect(names(await list(store_id, { q }))).toEqual([]);
    const found = await list(store_id, { q: "linen", in_stock: true, max_price: 10_000, count: true });
    expect([found.data.length, found.total]).toEqual([6, 6]);
    expect(names(await list(store_id, { q: "linen", in_stock: false }))).toEqual([]);
    expect(names(await list(store_id, { q: "linen", category: "nowhere" }))).toEqual([]);
    expect(names(await list(store_id, { q: "linen draft" }, admin))).toContain("Linen draft");
  });

  it("takes no cursor of another order, and is no order to ask for", async () => {
    const { next_cursor: cursor = "" } = await list(store_id, { q: "linen", limit: 1 });
    expect((await refusal(list(store_id, { q: "linen", sort: "price", cursor }))).code).toBe("invalid_cursor");
    expect((await refusal(list(store_id, { cursor }))).code).toBe("invalid_cursor");
    expect((await refusal(list(store_id, { q: "linen", sort: "relevance" }))).code).toBe("invalid_sort");
    for (const score of ["x", 2 ** 31, -(2 ** 31) - 1, 0.5]) {
      const wrong = btoa(JSON.stringify(["relevance", score, newId()]));
      expect((await refusal(list(store_id, { q: "linen", cursor: wrong }))).code).toBe("invalid_cursor");
    }
  });
});

describe("a search with a typing error", () => {
  const store_id = newId();
  before(async () => {
    await create(store_id, "Zephyrine teapot");
    for (let n = 0; n < 7; n++) await create(store_id, `Marmalade ${n}`);
    for (let n = 0; n < 4; n++) await create(store_id, `Porcelain ${n}`);
    await create(store_id, "Porcelein lamp");
  });

  it("finds what was meant: another, a missing, a doubled letter, two swapped", async () => {
    for (const q of ["Zephirine", "zephyrin teapt", "zzephyrine", "zephyrnie", "tepaot", "zéphyrine teepot"]) {
      expect(names(await list(store_id, { q }))).toEqual(["Zephyrine teapot"]);
      expect(names(await list(store_id, { q, sort: "price" }))).toEqual(["Zephyrine teapot"]);
    }
    expect(names(await list(store_id, { q: "xyzzyx" }))).toEqual([]);
  });

  it("is forgiven only where fewer than five are found, and then after what was typed", async () => {
    expect(names(await list(store_id, { q: "porcelain" }))).toEqual([
      ...[3, 2, 1, 0].map((n) => `Porcelain ${n}`),
      "Porcelein lamp",
    ]);
    await create(store_id, "Porcelain 4");
    expect(names(await list(store_id, { q: "porcelain" }))).not.toContain("Porcelein lamp");
  });

  it("is paged and counted as one list", async () => {
    const first = await list(store_id, { q: "marmelade", limit: 3, count: true });
    expect([first.data.length, first.total]).toEqual([3, 7]);
    for (const sort of [undefined, "name", "-price"]) {
      const seen = await pages(store_id, { q: "marmelade", limit: 3, ...(sort ? { sort } : {}) });
      expect([seen.length, new Set(seen).size]).toEqual([7, 7]);
    }
  });

  it("is found under a name that has been changed", async () => {
    const { id, version } = await create(store_id, "Unnamed");
    const input = product("Quixotic clock", []);
    await as(admin, () => service.rpc.updateProduct({ id, version, replace: false, product: input }));
    expect(names(await list(store_id, { q: "quixotik" }))).toEqual(["Quixotic clock"]);
  });
});
