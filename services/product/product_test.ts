import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { NanoError } from "../shared/errors.ts";
import { type ExistingVariant, planProduct, planVariants, slugOf, type VariantInput } from "./product.ts";

const usd = (amount: number) => ({ amount, currency: "USD" });

function existing(sku: string, more: Partial<ExistingVariant> = {}): ExistingVariant {
  return {
    id: `id-${sku.toLowerCase()}`,
    sku,
    name: sku,
    options: { sku },
    price: 100,
    position: 0,
    archived: false,
    ...more,
  };
}

function refusal(work: () => unknown): { code: string; pointer: string | undefined } {
  try {
    work();
  } catch (error) {
    if (error instanceof NanoError) return { code: error.code, pointer: error.extras.errors?.[0]?.pointer };
    throw error;
  }
  throw new Error("It was not refused.");
}

describe("planVariants", () => {
  const put = (have: ExistingVariant[], wanted: VariantInput[]) => planVariants(have, wanted, true, "USD");
  const patch = (have: ExistingVariant[], wanted: VariantInput[]) => planVariants(have, wanted, false, "USD");

  it("adds all variants of a new product in the order given", () => {
    const plan = put([], [{ sku: "A", price: usd(1), stock: 3 }, {
      sku: "B",
      price: usd(2),
      name: "b",
      options: { size: "L" },
    }]);
    expect(plan.added).toEqual([
      { sku: "A", name: "", options: {}, price: 1, stock: 3, position: 0 },
      { sku: "B", name: "b", options: { size: "L" }, price: 2, stock: 0, position: 1 },
    ]);
  });

  it("matches by id, else by SKU, and archives what a PUT leaves out", () => {
    const plan = put([existing("A"), existing("B"), existing("C")], [
      { id: "id-b", sku: "B2", price: usd(5) },
      { sku: "A", price: usd(6) },
    ]);
    expect(plan.changed).toEqual([
      { id: "id-b", sku: "B2", name: "", options: {}, price: 5, position: 0 },
      { id: "id-a", sku: "A", name: "", options: {}, price: 6, position: 1 },
    ]);
    expect(plan.archived).toEqual(["id-c"]);
    expect(plan.added).toEqual([]);
  });

  it("keeps, in a PATCH, what is not given, and adds a new SKU behind the rest", () => {
    const plan = patch([existing("A", { position: 4 }), existing("B")], [
      { sku: "A", price: usd(7) },
      { sku: "N", price: usd(8), name: "new" },
    ]);
    expect(plan.changed).toEqual([{ id: "id-a", sku: "A", name: "A", options: { sku: "A" }, price: 7, position: 4 }]);
    expect(plan.added).toEqual([{ sku: "N", name: "new", options: {}, price: 8, stock: 0, position: 5 }]);
    expect(plan.archived).toEqual([]);
  });

  it("takes a change without id and SKU for the one variant of a simple product", () => {
    expect(patch([existing("A", { name: "" })], [{ price: usd(9) }]).changed).toMatchObject([{
      id: "id-a",
      sku: "A",
      price: 9,
    }]);
    expect(patch([existing("A", { name: "" })], [{ sku: "A2", name: "" }]).changed).toMatchObject([{
      id: "id-a",
      sku: "A2",
    }]);
  });

  it("knows who has to leave a SKU before another takes it", () => {
    const plan = patch([existing("A"), existing("B"), existing("C")], [
      { id: "id-a", sku: "B" },
      { id: "id-b", sku: "D" },
      { id: "id-c", price: usd(3) },
    ]);
    expect(plan.yielding).toEqual(["id-b"]);
  });

  it("brings back an archived variant by its id, but not by its SKU", () => {
    const gone = existing("A", { archived: true });
    expect(put([gone], [{ id: "id-a", price: usd(1) }]).changed).toMatchObject([{ id: "id-a" }]);
    expect(put([gone], [{ sku: "A", price: usd(1), stock: 2 }]).added).toMatchObject([{ sku: "A", stock: 2 }]);
  });

  const refusals: [string, () => unknown, string, string][] = [
    [
      "stock of an existing variant",
      () => put([existing("A")], [{ sku: "A", price: usd(1), stock: 2 }]),
      "stock_by_movement",
      "/variants/0/stock",
    ],
    [
      "stock in a PATCH",
      () => patch([existing("A")], [{ sku: "A", stock: 2 }]),
      "stock_by_movement",
      "/variants/0/stock",
    ],
    [
      "another currency",
      () => put([], [{ sku: "A", price: { amount: 1, currency: "EUR" } }]),
      "currency_mismatch",
      "/variants/0/price/currency",
    ],
    ["no price", () => put([existing("A")], [{ sku: "A" }]), "required", "/variants/0/price"],
    ["no SKU", () => put([], [{ price: usd(1) }]), "required", "/variants/0/sku"],
    ["no variants", () => put([existing("A")], []), "variants_required", "/variants"],
    [
      "a foreign id",
      () => put([existing("A")], [{ id: "id-x", sku: "X", price: usd(1) }]),
      "variant_not_found",
      "/variants/0/id",
    ],
    [
      "one variant twice",
      () => put([existing("A")], [{ sku: "A", price: usd(1) }, { id: "id-a", price: usd(1) }]),
      "duplicate_variant",
      "/variants/1/id",
    ],
    [
      "one SKU twice",
      () => put([], [{ sku: "A", price: usd(1) }, { sku: "A", price: usd(1) }]),
      "duplicate_sku",
      "/variants",
    ],
    ["a negative price", () => put([], [{ sku: "A", price: usd(-1) }]), "invalid_price", "/variants/0/price"],
    ["negative stock", () => put([], [{ sku: "A", price: usd(1), stock: -1 }]), "invalid_stock", "/variants/0/stock"],
    [
      "101 variants",
      () => patch([existing("A")], Array.from({ length: 100 }, (_, i) => ({ sku: `n${i}`, price: usd(1), name: "n" }))),
      "too_many_variants",
      "/variants",
    ],
  ];
  for (const [what, work, code, pointer] of refusals) {
    it(`refuses ${what}`, () => expect(refusal(work)).toEqual({ code, pointer }));
  }
});

describe("planProduct", () => {
  const current = {
    name: "Old",
    slug: "old",
    description: "d",
    status: "draft" as const,
    attributes: { a: 1 },
    images: [{ url: "https://x/y", alt: "" }],
  };

  it("makes a slug of the name and sells at once", () => {
    expect(planProduct({ name: "Café Crème" }, undefined, true)).toMatchObject({
      slug: "cafe-creme",
      status: "active",
    });
  });

  it("keeps in a PATCH what is not given", () => {
    expect(planProduct({ name: "New" }, current, false)).toEqual({ ...current, name: "New" });
  });

  it("falls back to defaults in a PUT, but keeps the slug", () => {
    const defaults = { name: "New", slug: "old", description: "", status: "active", attributes: {}, images: [] };
    expect(planProduct({ name: "New" }, current, true)).toEqual(defaults);
  });

  it("refuses a slug that is none or looks like an id", () => {
    for (const slug of ["A", "a--b", "-a", "é", "", "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69"]) {
      expect(refusal(() => planProduct({ name: "n", slug }, undefined, true))).toEqual({
        code: "invalid_slug",
        pointer: "/slug",
      });
    }
  });

  it("refuses what is too large", () => {
    const big = { text: "x".repeat(9_000) };
    expect(refusal(() => planProduct({ name: "n", attributes: big }, undefined, true)).pointer).toBe("/attributes");
    expect(refusal(() => planProduct({ name: "x".repeat(201) }, undefined, true)).pointer).toBe("/name");
    expect(refusal(() => planProduct({ name: "n", description: "x".repeat(20_001) }, undefined, true)).pointer).toBe(
      "/description",
    );
  });
});

describe("slugOf", () => {
  it("spells names in plain letters", () => {
    expect(slugOf("  Größe: Übergroß! ", "product")).toBe("grosse-ubergross");
    expect(slugOf("Men's T-Shirt", "product")).toBe("mens-t-shirt");
  });

  it("makes one up for a name without any", () => {
    expect(slugOf("日本語", "product")).toMatch(/^product-[0-9a-f]{8}$/);
    expect(slugOf("019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", "product")).toMatch(/^product-[0-9a-f]{8}$/);
  });
});
