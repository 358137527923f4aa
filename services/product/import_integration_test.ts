import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type { ImportedProduct, VariantInput } from "../../proto/gen/nano/product/v1/product.ts";
import { newId } from "../shared/ids.ts";
import { as, customer, product, refusal, staff, startProductService, stranger, system, variant } from "./testing.ts";

type Service = Awaited<ReturnType<typeof startProductService>>;
let service: Service;
before(async () => {
  service = await startProductService();
});
after(() => service?.stop());

const USD = (amount: number) => ({ amount, currency: "USD" });

describe("ImportProducts", () => {
  const store_id = newId();
  const manager = staff(store_id);
  const shirt: ImportedProduct = {
    line: 2,
    slug: "shirt",
    name: "Shirt",
    variants: [
      { line: 2, sku: "I-S", price: USD(3900), stock: 5, options: { size: "S" } },
      { line: 3, sku: "I-M", price: USD(3900), stock: 6, options: { size: "M" } },
    ],
  };
  const run = async (products: ImportedProduct[], dry_run = false) =>
    (await as(manager, () => service.rpc.importProducts({ store_id, products, dry_run }))).data;
  const bySlug = (slug: string) =>
    as(manager, () => service.rpc.getProduct({ store_id, id_or_slug: slug })).catch(() => undefined);

  it("says in a dry run what it would do, and does nothing", async () => {
    expect(await run([shirt], true)).toMatchObject([{ outcome: "created", slug: "shirt" }]);
    expect(await bySlug("shirt")).toBeUndefined();
    const { rows } = await service.owner.query(
      "select from product.stock_movements m join product.variants v on v.id = m.variant_id where v.store_id = $1",
      [store_id],
    );
    expect(rows).toEqual([]);
  });

  it("creates, then finds nothing to change", async () => {
    expect((await run([shirt])).map(({ outcome }) => outcome)).toEqual(["created"]);
    expect((await bySlug("shirt"))?.variants).toMatchObject([
      { sku: "I-S", name: "S", options: { size: "S" }, available: 5 },
      { sku: "I-M", name: "M", options: { size: "M" }, available: 6 },
    ]);
    expect(await run([shirt])).toMatchObject([{ outcome: "unchanged", changes: [] }]);
    expect((await bySlug("shirt"))?.version).toBe(1);
  });

  it("changes what differs, by movement where it is stock, and tells each field", async () => {
    const changed: ImportedProduct = {
      line: 2,
      slug: "shirt",
      status: "draft",
      variants: [
        { line: 2, sku: "I-S", price: USD(3500), stock: 3, options: {} },
        { line: 3, sku: "I-L", price: USD(4100), options: { size: "L" } },
      ],
    };
    const [result] = await run([changed]);
    expect(result).toMatchObject({ outcome: "updated" });
    expect(result?.changes).toEqual([
      { line: 2, field: "status", from: "active", to: "draft" },
      { line: 2, sku: "I-S", field: "price", from: "39.00", to: "35.00" },
      { line: 2, sku: "I-S", field: "stock", from: "5", to: "3" },
      { line: 3, sku: "I-L", field: "sku", from: "", to: "I-L" },
    ]);
    expect((await bySlug("shirt"))?.variants.map(({ sku, available }) => [sku, available])).toEqual([
      ["I-S", 3],
      ["I-M", 6],
      ["I-L", 0],
    ]);
    const [{ id } = { id: "" }] = (await bySlug("shirt"))?.variants ?? [];
    const { data } = await as(manager, () => service.rpc.listMovements({ variant_id: id, limit: 1, count: true }));
    expect(data).toMatchObject([{ kind: "adjust", delta: -2, reason: "import", actor: `user:${manager.user_id}` }]);
    expect(await run([changed])).toMatchObject([{ outcome: "unchanged" }]);
  });

  it("does all of a product or nothing, and tells the line at fault", async () => {
    const [id] = (await bySlug("shirt"))?.variants.map((found) => found.id) ?? [];
    await as(system, () =>
      service.rpc.reserveStock({
        order_id: newId(),
        store_id,
        lines: [],
        expire_time: new Date(),
      }));
    await service.owner.query("update product.variants set reserved = 2 where id = $1", [id]);
    const held = {
      line: 2,
      slug: "shirt",
      name: "Renamed",
      variants: [{ line: 2, sku: "I-S", stock: 1, options: {} }],
    };
    expect(await run([held])).toMatchObject([{ outcome: "refused", code: "below_reserved" }]);
    expect((await bySlug("shirt"))?.name).toBe("Shirt");
    await service.owner.query("update product.variants set reserved = 0 where id = $1", [id]);
    const without = { line: 7, slug: "new", name: "New", variants: [{ line: 9, sku: "N-1", options: {} }] };
    expect(await run([without])).toMatchObject([{ outcome: "refused", code: "required", line: 9 }]);
    const taken = {
      line: 7,
      slug: "new",
      name: "New",
      variants: [{ line: 9, sku: "I-S", price: USD(1), options: {} }],
    };
    expect(await run([taken], true)).toMatchObject([{ outcome: "refused", code: "sku_taken" }]);
    const nowhere = { ...without, category: "nowhere" };
    expect(await run([nowhere])).toMatchObject([{ outcome: "refused", code: "category_not_found" }]);
    const [elsewhere, slug] = [newId(), "elsewhere"];
    await as(staff(elsewhere), () => service.rpc.createCategory({ store_id: elsewhere, name: "Elsewhere", slug }));
    expect(await run([{ ...without, category: slug }])).toMatchObject([{
      outcome: "refused",
      code: "category_not_found",
    }]);
    const nameless = { line: 4, name: "日本", variants: [{ line: 4, sku: "J", price: USD(1), options: {} }] };
    expect(await run([nameless])).toMatchObject([{ outcome: "refused", code: "slug_required" }]);
  });

  it("writes many together, leaves out those that are refused, and tells of each other one", async () => {
    const cup = (at: number, sku = `C-${at}`): ImportedProduct => {
      const variants = [{ line: at, sku, price: USD(100 + at), stock: at, options: {} }];
      return { line: at, slug: `cup-${at}`, name: `Cup ${at}`, variants };
    };
    const many = Array.from({ length: 60 }, (_, at) => cup(at + 2, at === 30 ? "C-2" : undefined));
    const again = { ...cup(3), name: "Cup 3, again" };
    const outcomes = async (dry_run: boolean) => {
      const results = await run([...many, again], dry_run);
      return Object.groupBy(results, ({ outcome }) => outcome);
    };
    expect((await outcomes(true)).refused).toMatchObject([{ line: 32, code: "sku_taken" }]);
    const { created, updated, refused } = await outcomes(false);
    expect([created?.length, updated?.length, refused?.map(({ line }) => line)]).toEqual([59, 1, [32]]);
    expect((await bySlug("cup-3"))?.name).toBe("Cup 3, again");
    expect((await bySlug("cup-61"))?.variants).toMatchObject([{ sku: "C-61", available: 61 }]);
    const { rows: [told] } = await service.owner.query(
      `select count(*)::int as n from product_jobs._private_jobs
       where payload ->> 'store_id' = $1 and payload ->> 'type' = 'product.created'
         and (payload ->> 'data_json')::json ->> 'slug' like 'cup-%'`,
      [store_id],
    );
    expect(told).toEqual({ n: 59 });
  });

  it("means by a SKU the variant on sale, not one that had it before", async () => {
    const two = ["V-OLD", "V-NEW"].map((sku) => ({ line: 2, sku, price: USD(100), stock: 1, options: {} }));
    await run([{ line: 2, slug: "vase", name: "Vase", variants: two }]);
    const { id = "", variants: [, live] = [] } = await bySlug("vase") ?? {};
    const { id: live_id, sku } = live ?? { id: "", sku: "" };
    const price = USD(100);
    const update = (version: number, replace: boolean, change: VariantInput) =>
      as(
        manager,
        () => service.rpc.updateProduct({ id, version, replace, product: product("Vase", [change], { slug: "vase" }) }),
      );
    await update(1, true, variant(sku, 100));
    await update(2, false, { ...variant("V-OLD", 100), id: live_id });
    expect(await run([{ line: 2, slug: "vase", variants: [{ line: 2, sku: "V-OLD", price, stock: 9, options: {} }] }]))
      .toMatchObject([{ outcome: "updated", changes: [{ field: "stock", from: "1", to: "9" }] }]);
    expect((await bySlug("vase"))?.variants).toMatchObject([{ id: live_id, sku: "V-OLD", available: 9 }]);
  });

  it("tells the line at fault, also where others of the product do not change", async () => {
    const more = (price?: { amount: number; currency: string }): ImportedProduct => ({
      ...shirt,
      line: 2,
      slug: "vest",
      name: "Vest",
      variants: [
        { line: 2, sku: "V-S", price: USD(1), options: {} },
        { line: 3, sku: "V-M", price: USD(1), options: {} },
        ...price ? [] : [{ line: 4, sku: "V-L", options: {} }],
      ],
    });
    await run([more(USD(1))]);
    expect(await run([more()])).toMatchObject([{
      outcome: "refused",
      code: "required",
      line: 4,
      message: "A new variant needs a price.",
    }]);
  });

  it("takes for the same what differs by the white space around it, which a table loses", async () => {
    const spaced = {
      name: " Mug ",
      slug: "mug",
      description: "One\n\ntwo\n",
      variants: [{ sku: " MUG-1", price: USD(5), stock: 7, options: { "size ": " L" }, has_options: true }],
      images: [],
      has_images: false,
      has_variants: true,
      attributes: undefined,
    };
    await as(manager, () => service.rpc.createProduct({ store_id, product: spaced }));
    const row: ImportedProduct = {
      line: 2,
      name: "Mug",
      slug: "mug",
      description: "One\n\ntwo",
      variants: [{ line: 2, sku: "MUG-1", price: USD(5), stock: 7, options: { size: "L" } }],
    };
    expect(await run([row])).toMatchObject([{ outcome: "unchanged", changes: [] }]);
    expect(await run([{ ...row, variants: [{ line: 2, sku: "MUG-1", stock: 6, options: { size: "M" } }] }]))
      .toMatchObject([{ outcome: "updated" }]);
    expect((await bySlug("mug"))?.variants).toMatchObject([{ sku: " MUG-1", available: 6, options: { "size ": "M" } }]);
  });

  it("refuses more options than a variant may have", async () => {
    const named = (from: number) => Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`o${from + n}`, "x"]));
    const with20 = (options: Record<string, string>): ImportedProduct => ({
      line: 2,
      slug: "many",
      name: "Many",
      variants: [{ line: 2, sku: "O-1", price: USD(1), options }],
    });
    expect(await run([with20({ ...named(0), more: "x" })])).toMatchObject([{ outcome: "refused", code: "too_many" }]);
    expect(await run([with20(named(0))])).toMatchObject([{ outcome: "created" }]);
    expect(await run([with20(named(1))])).toMatchObject([{ outcome: "refused", code: "too_many" }]);
  });

  it("finds a category by its name, and takes it away by a hyphen", async () => {
    await as(manager, () => service.rpc.createCategory({ store_id, name: "Warm clothes", slug: "warm" }));
    const into = (category: string) => ({ line: 2, slug: "shirt", category, variants: [] });
    expect(await run([into("WARM clothes")])).toMatchObject([{
      changes: [{ field: "category", from: "", to: "warm" }],
    }]);
    expect(await run([into("warm")])).toMatchObject([{ outcome: "unchanged" }]);
    expect(await run([into("-")])).toMatchObject([{ changes: [{ field: "category", from: "warm", to: "" }] }]);
  });

  it("is for managers of the store", async () => {
    const call = (actor: Parameters<typeof as>[0]) =>
      refusal(as(actor, () => service.rpc.importProducts({ store_id, products: [], dry_run: true })));
    expect((await call(stranger)).code).toBe("unauthenticated");
    expect((await call(customer)).code).toBe("forbidden");
    expect((await call(staff(store_id, "support"))).code).toBe("forbidden");
    expect((await call(staff(newId()))).code).toBe("store_not_found");
  });
});
