import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type { ListProductsRequest, Product } from "../../proto/gen/nano/product/v1/product.ts";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import {
  admin,
  as,
  customer,
  product,
  refusal,
  staff,
  startProductService,
  stranger,
  system,
  variant,
} from "./testing.ts";

type Service = Awaited<ReturnType<typeof startProductService>>;

let service: Service;
before(async () => void (service = await startProductService()));
after(() => service?.stop());

const create = (store_id: string, input: Parameters<typeof product>, actor: Actor = admin) =>
  as(actor, () => service.rpc.createProduct({ store_id, product: product(...input) }));
const update = (
  id: string,
  version: number,
  replace: boolean,
  input: Parameters<typeof product>,
  actor: Actor = admin,
) => as(actor, () => service.rpc.updateProduct({ id, version, replace, product: product(...input) }));
const get = (store_id: string, id_or_slug: string, actor: Actor = stranger) =>
  as(actor, () => service.rpc.getProduct({ store_id, id_or_slug }));
const list = (store_id: string, query: Partial<ListProductsRequest> = {}, actor: Actor = stranger) =>
  as(actor, () => service.rpc.listProducts({ store_id, limit: 20, count: false, ...query }));
const names = (page: { data: Product[] }) => page.data.map((product) => product.name);

describe("a product", () => {
  const store_id = newId();

  it("has no numbers that are too long to keep", async () => {
    const attributes = { sizes: Array.from({ length: 60 }, () => 1e300) };
    expect((await refusal(create(store_id, ["Vast", [variant("VAST", 1)], { attributes }]))).code).toBe("too_large");
  });

  it("is created with its variants, priced at the lowest", async () => {
    const created = await create(store_id, ["Linen Shirt", [
      variant("LS-M", 2500, 3, { name: "M", options: { size: "M" }, has_options: true }),
      variant("LS-L", 2400, 0, { name: "L", options: { size: "L" }, has_options: true }),
    ], {
      attributes: { material: "linen" },
      images: [{ url: "https://example.com/a.jpg", alt: "front" }],
      has_images: true,
    }]);
    expect(created).toMatchObject({
      store_id,
      slug: "linen-shirt",
      status: "active",
      price: { amount: 2400, currency: "USD" },
      attributes: { material: "linen" },
      images: [{ url: "https://example.com/a.jpg", alt: "front" }],
      version: 1,
      variants: [{ sku: "LS-M", options: { size: "M" }, available: 3 }, { sku: "LS-L", available: 0 }],
    });
    expect(await get(store_id, created.id)).toEqual(created);
    expect(await get(store_id, "linen-shirt")).toEqual(created);
    expect(await get(newId(), created.id)).toEqual(created);
  });

  it("keeps slugs and SKUs unique in its store only", async () => {
    await create(store_id, ["Mug", [variant("MUG", 900, 1)], { slug: "mug" }]);
    expect((await refusal(create(store_id, ["Mug", [variant("MUG-2", 900)], { slug: "mug" }]))).code).toBe(
      "slug_taken",
    );
    expect((await refusal(create(store_id, ["Cup", [variant("MUG", 900)]]))).code).toBe("sku_taken");
    expect((await create(store_id, ["Mug", [variant("MUG-3", 900)]])).slug).toMatch(/^mug-[0-9a-f]{6}$/);
    expect((await create(newId(), ["Mug", [variant("MUG", 900)], { slug: "mug" }])).slug).toBe("mug");
  });

  it("is changed in part by a PATCH and as a whole by a PUT", async () => {
    const { id } = await create(store_id, ["Pot", [
      variant("POT-S", 100, 2, { name: "S" }),
      variant("POT-L", 300, 2, { name: "L" }),
    ], {
      description: "clay",
    }]);
    const patched = await update(id, 1, false, [undefined, [variant("POT-L", 50)]]);
    expect(patched).toMatchObject({
      version: 2,
      description: "clay",
      price: { amount: 50 },
      variants: [{ sku: "POT-S" }, { sku: "POT-L", name: "L", available: 2 }],
    });
    const put = await update(id, 2, true, ["Pan", [variant("POT-L", 70), variant("POT-X", 90, 9)]]);
    expect(put).toMatchObject({ name: "Pan", slug: "pot", version: 3, description: "", price: { amount: 70 } });
    expect(put.variants.map(({ sku, available }) => [sku, available])).toEqual([["POT-L", 2], ["POT-X", 9]]);
    const variant_ids = patched.variants.map(({ id }) => id);
    const offers = await as(stranger, () => service.rpc.getOffers({ store_id, variant_ids, product_ids: [] }));
    expect(offers.data.map(({ sku }) => sku)).toEqual(["POT-L"]);
    // The archived variant's SKU is free again.
    await create(store_id, ["Other pot", [variant("POT-S", 100)]]);
  });

  it("refuses a change from an older version and says which it is at", async () => {
    const { id } = await create(store_id, ["Fork", [variant("FORK", 100)]]);
    await update(id, 1, false, ["Fork 2", []]);
    expect(await refusal(update(id, 1, false, ["Fork 3", []]))).toEqual({
      code: "version_conflict",
      members: { version: 2 },
    });
    const racing = await Promise.allSettled([1, 2, 3].map((n) => update(id, 2, false, [`Fork ${n}`, []])));
    expect(racing.filter((result) => result.status === "fulfilled").length).toBe(1);
  });

  it("keeps one currency", async () => {
    const { id } = await create(store_id, ["Yen", [variant("YEN", 100)]]);
    const euro = { ...variant("YEN-2", 1), price: { amount: 1, currency: "EUR" } };
    expect((await refusal(update(id, 1, false, [undefined, [euro]]))).code).toBe("currency_mismatch");
  });

  it("is erased if it was never ordered, else archived", async () => {
    const fresh = await create(store_id, ["Fresh", [variant("FRESH", 100, 5)]]);
    await as(admin, () => service.rpc.deleteProduct({ id: fresh.id }));
    expect((await refusal(get(store_id, fresh.id, admin))).code).toBe("product_not_found");

    const sold = await create(store_id, ["Sold", [variant("SOLD", 100, 5)]]);
    const line = { variant_id: sold.variants[0]?.id ?? "", quantity: 1 };
    const order_id = newId();
    await as(system, () => service.rpc.reserveStock({ order_id, store_id, lines: [line], expire_time: new Date() }));
    await as(system, () => service.rpc.releaseStock({ order_id }));
    await as(admin, () => service.rpc.deleteProduct({ id: sold.id }));
    expect(await get(store_id, sold.id, admin)).toMatchObject({ status: "archived", version: 2 });
    expect((await refusal(get(store_id, sold.id))).code).toBe("product_not_found");
    const offers = await as(
      stranger,
      () => service.rpc.getOffers({ store_id, variant_ids: [line.variant_id], product_ids: [sold.id] }),
    );
    expect(offers.data).toEqual([]);
  });

  it("is written by its store's managers, and is not there for those of another", async () => {
    const { id } = await create(store_id, ["Guarded", [variant("GUARDED", 100)]], staff(store_id));
    const change = (actor: Actor) => refusal(update(id, 1, false, ["Mine", []], actor)).then(({ code }) => code);
    expect(await change(stranger)).toBe("unauthenticated");
    expect(await change(customer)).toBe("forbidden");
    expect(await change(staff(store_id, "support"))).toBe("forbidden");
    expect(await change(staff(newId()))).toBe("product_not_found");
    expect((await update(id, 1, false, ["Theirs", []], staff(store_id))).version).toBe(2);
  });

  it("tells merchants and leaves an audit of each change", async () => {
    const manager = staff(store_id);
    const { id } = await create(store_id, ["Told", [variant("TOLD", 100)]], manager);
    await update(id, 1, false, [undefined, [variant("TOLD", 200)], { description: "new" }], manager);
    await update(id, 2, false, [undefined, [], { status: "archived" }], manager);
    const { rows: events } = await service.owner.query<{ type: string }>(
      `select payload ->> 'type' as type from product_jobs._private_jobs
       where (payload ->> 'data_json')::jsonb ->> 'id' = $1 order by id`,
      [id],
    );
    expect(events.map(({ type }) => type)).toEqual(["product.created", "product.updated", "product.archived"]);
    const { rows: audit } = await service.owner.query(
      `select actor, request_id, action, before, after from product.audit_log where row_id = $1 and action = 'update' order by id`,
      [id],
    );
    const by = { actor: `user:${manager.user_id}`, request_id: "test", action: "update" };
    expect(audit).toEqual([
      { ...by, before: { description: "", version: 1 }, after: { description: "new", version: 2 } },
      { ...by, before: { status: "active", version: 2 }, after: { status: "archived", version: 3 } },
    ]);
    const { rows: prices } = await service.owner.query(
      `select before, after from product.audit_log where table_name = 'variants' and action = 'update' and before ? 'price'
       and row_id in (select id::text from product.variants where product_id = $1)`,
      [id],
    );
    expect(prices).toEqual([{ before: { price: 100 }, after: { price: 200 } }]);
    await expect(service.pool.query("delete from audit_log")).rejects.toThrow("permission denied");
    await expect(
      service.pool.query(
        "insert into audit_log (actor, request_id, table_name, action, after) values ('x', '', 'x', 'insert', '{}')",
      ),
    )
      .rejects.toThrow("permission denied");
  });
});

describe("a list", () => {
  const store_id = newId();
  let clothes: string;
  before(async () => {
    const category = (name: string, parent_id?: string) =>
      as(admin, () => service.rpc.createCategory({ store_id, name, ...(parent_id ? { parent_id } : {}) }));
    clothes = (await category("Clothes")).id;
    await category("Shirts", clothes);
    await create(store_id, ["Éclair tin", [variant("TIN", 500, 0)]]);
    await create(store_id, ["blue Shirt", [variant("SHIRT-B", 2000, 4)], {
      category: "shirts",
      description: "Soft cotton",
    }]);
    await create(store_id, ["Apron", [variant("APRON", 1500, 1)], { category: clothes }]);
    await create(store_id, ["Draft shirt", [variant("SHIRT-D", 1000, 1)], { status: "draft" }]);
    await create(store_id, ["Zebra mug", [variant("MUG-Z", 500, 2)]]);
  });

  it("shows strangers what is active and staff all", async () => {
    expect(names(await list(store_id))).toEqual(["Zebra mug", "Apron", "blue Shirt", "Éclair tin"]);
    expect(names(await list(store_id, {}, staff(store_id, "support")))).toContain("Draft shirt");
    expect(names(await list(store_id, { status: "draft" }, admin))).toEqual(["Draft shirt"]);
    expect((await refusal(list(store_id, { status: "draft" }))).code).toBe("unauthenticated");
    expect((await refusal(list(store_id, { status: "draft" }, staff(newId())))).code).toBe("forbidden");
    expect(names(await list(newId()))).toEqual([]);
  });

  it("sorts by name as people do, and by price both ways", async () => {
    expect(names(await list(store_id, { sort: "name" }))).toEqual(["Apron", "blue Shirt", "Éclair tin", "Zebra mug"]);
    expect(names(await list(store_id, { sort: "price" }))).toEqual(["Éclair tin", "Zebra mug", "Apron", "blue Shirt"]);
    expect(names(await list(store_id, { sort: "-price" }))).toEqual(["blue Shirt", "Apron", "Zebra mug", "Éclair tin"]);
  });

  it("filters by category with its descendants, price and stock", async () => {
    expect(names(await list(store_id, { category: clothes, sort: "name" }))).toEqual(["Apron", "blue Shirt"]);
    expect(names(await list(store_id, { category: "shirts" }))).toEqual(["blue Shirt"]);
    expect(names(await list(store_id, { category: "nowhere" }))).toEqual([]);
    expect(names(await list(store_id, { min_price: 500, max_price: 1500, sort: "name" }))).toEqual([
      "Apron",
      "Éclair tin",
      "Zebra mug",
    ]);
    expect(names(await list(store_id, { in_stock: false }))).toEqual(["Éclair tin"]);
    const counted: [filter: Partial<ListProductsRequest>, total: number][] = [
      [{}, 4],
      [{ in_stock: false }, 1],
      [{ category: clothes }, 2],
      [{ min_price: 500, max_price: 1500 }, 3],
      [{ q: "shi" }, 1],
    ];
    for (const [filter, total] of counted) {
      expect((await list(store_id, { ...filter, limit: 1, count: true })).total).toBe(total);
    }
    expect(names(await list(store_id, { in_stock: true, category: "clothes", max_price: 1500 }))).toEqual(["Apron"]);
  });

  it("searches as one types: name, description and SKU, without case and accents", async () => {
    const found = async (q: string, more: Partial<ListProductsRequest> = {}) =>
      names(await list(store_id, { q, sort: "name", ...more }));
    expect(await found("shi")).toEqual(["blue Shirt"]);
    expect(await found("COTTON sh")).toEqual(["blue Shirt"]);
    expect(await found("eclair")).toEqual(["Éclair tin"]);
    expect(await found("mug-z")).toEqual(["Zebra mug"]);
    expect(await found("shirt", { category: clothes })).toEqual(["blue Shirt"]);
    expect(await found("sh cotton")).toEqual([]);
    for (const q of ["'", "\\", "a' | 'b", "!&|():*", "%", "<->", "''::tsquery"]) {
      expect(await found(q)).not.toContain("Zebra mug");
    }
  });

  it("pages through every order without a gap or a double, equal keys included", async () => {
    const store_id = newId();
    for (let n = 0; n < 11; n++) await create(store_id, [`Same ${n % 2}`, [variant(`S${n}`, 100 * (n % 3), n % 2)]]);
    const range = { min_price: 100, max_price: 100 };
    const orders: [sort: string, filter: Partial<ListProductsRequest>, total: number][] = [
      ...["name", "price", "-price", "-create_time"].map((sort): [string, object, number] => [sort, {}, 11]),
      // The cursor is at the end of the range where the range begins, and all along.
      ...["price", "-price", "name"].map((sort): [string, object, number] => [sort, range, 4]),
    ];
    for (const [sort, filter, total] of orders) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page: { data: Product[]; next_cursor?: string | undefined; total?: number | undefined } = await list(
          store_id,
          {
            sort,
            ...filter,
            limit: 3,
            count: true,
            ...(cursor ? { cursor } : {}),
          },
        );
        expect(page.total).toBe(total);
        expect(seen.length).toBeLessThan(total);
        seen.push(...page.data.map(({ id }) => id));
        cursor = page.next_cursor;
      } while (cursor);
      const whole = await list(store_id, { sort, ...filter, limit: 100 });
      expect(seen).toEqual(whole.data.map(({ id }) => id));
      expect(new Set(seen).size).toBe(total);
    }
  });

  it("refuses cursors and orders that it did not give", async () => {
    const { next_cursor } = await list(store_id, { limit: 1, sort: "price" });
    const cursor = next_cursor ?? "";
    expect((await refusal(list(store_id, { cursor, sort: "name" }))).code).toBe("invalid_cursor");
    expect((await refusal(list(store_id, { cursor: "x" }))).code).toBe("invalid_cursor");
    expect(
      (await refusal(list(store_id, { cursor: btoa(JSON.stringify(["-create_time", "2026-99-99Z", newId()])) }))).code,
    ).toBe("invalid_cursor");
    expect((await refusal(list(store_id, { sort: "constructor" }))).code).toBe("invalid_sort");
    expect((await refusal(list(store_id, { limit: 0 }))).code).toBe("invalid_limit");
  });

  it("answers the largest legal products on shorter pages", async () => {
    const store_id = newId();
    const input = () =>
      product(
        "Large",
        Array.from({ length: 100 }, (_, i) => variant(`${newId()}-${i}`, 1, 1, { name: "x".repeat(200) })),
        {
          description: "語".repeat(20_000),
        },
      );
    for (let n = 0; n < 30; n++) await as(admin, () => service.rpc.createProduct({ store_id, product: input() }));
    let cursor: string | undefined, seen = 0, pages = 0;
    do {
      const page: { data: Product[]; next_cursor?: string | undefined } = await list(store_id, {
        limit: 100,
        ...(cursor ? { cursor } : {}),
      });
      seen += page.data.length;
      pages++;
      cursor = page.next_cursor;
    } while (cursor);
    expect(seen).toBe(30);
    expect(pages).toBeGreaterThan(1);
  });
});

describe("offers", () => {
  it("name the variant, and mean the one of a simple product", async () => {
    const store_id = newId();
    const simple = await create(store_id, ["Bowl", [variant("BOWL", 700, 3)], {
      images: [{ url: "https://example.com/b.png", alt: "" }],
      has_images: true,
    }]);
    const several = await create(store_id, ["Shirt", [
      variant("A", 1, 1, { name: "Red / L" }),
      variant("B", 2, 1, { name: "Blue / L" }),
    ]]);
    const [red] = several.variants;
    const { data } = await as(
      stranger,
      () =>
        service.rpc.getOffers({
          store_id,
          variant_ids: [red?.id ?? "", "nonsense", newId()],
          product_ids: [simple.id, several.id],
        }),
    );
    expect(data.sort((a, b) => a.sku.localeCompare(b.sku))).toEqual([
      {
        variant_id: red?.id,
        product_id: several.id,
        sku: "A",
        name: "Shirt, Red / L",
        price: { amount: 1, currency: "USD" },
        available: 1,
      },
      {
        variant_id: simple.variants[0]?.id,
        product_id: simple.id,
        sku: "BOWL",
        name: "Bowl",
        image: "https://example.com/b.png",
        price: { amount: 700, currency: "USD" },
        available: 3,
      },
    ]);
    expect(
      (await as(
        stranger,
        () => service.rpc.getOffers({ store_id: newId(), variant_ids: [red?.id ?? ""], product_ids: [] }),
      )).data,
    ).toEqual([]);
  });
});
