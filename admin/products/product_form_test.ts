import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { Product } from "../types.ts";
import { differences } from "./conflict.ts";
import { bodyOf, fieldsOf, readValues, valuesOf } from "./product_form.ts";

const dollars = { currency: "USD", locale: "en-US" };

function typed(fields: [string, string][]) {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return readValues(form);
}

function line(values: Partial<Record<"id" | "sku" | "name" | "price" | "stock" | "size", string>>): [string, string][] {
  const { id = "", sku = "", name = "", price = "", stock = "", size = "" } = values;
  return [
    ["variant_id", id],
    ["variant_sku", sku],
    ["variant_name", name],
    ["variant_price", price],
    ["variant_stock", stock],
    ["variant_option_0", size],
  ];
}

const shirt: Product = {
  ...{ id: "p", store_id: "s", slug: "shirt", name: "Shirt", description: "", status: "active", attributes: {} },
  images: [{ url: "/a", alt: "front" }, { url: "/b", alt: "back" }],
  price: { amount: 3900, currency: "USD" },
  variants: ["S", "M"].map((size) => ({
    ...{ id: `v${size}`, sku: `SHIRT-${size}`, name: size, options: { size }, available: 1 },
    price: { amount: 3900, currency: "USD" },
  })),
  ...{ create_time: "2026-11-22T10:00:00Z", update_time: "2026-11-22T10:00:00Z", version: 3 },
};

describe("bodyOf()", () => {
  it("makes a simple product of name, SKU, price, stock and status", () => {
    const values = typed([["name", "Mug"], ["sku", "MUG"], ["price", "12.34"], ["stock", "5"], ["status", "active"]]);
    expect(bodyOf(values, dollars)).toMatchObject({
      body: { name: "Mug", status: "active", variants: [{ sku: "MUG", price: 1234, stock: 5 }] },
    });
  });

  it("takes a line without a price at the product's, names it by its options, and skips empty ones", () => {
    const lines = [line({ sku: "S", size: "S" }), line({}), line({ sku: "L", size: "L", price: "15", name: "Large" })];
    const values = typed([["name", "Shirt"], ["sku", ""], ["price", "12"], ["option_name", "size"], ...lines.flat()]);
    expect(bodyOf(values, dollars)).toMatchObject({
      rows: [0, 2],
      body: {
        variants: [
          { sku: "S", name: "S", options: { size: "S" }, price: 1200, stock: 0 },
          { sku: "L", name: "Large", options: { size: "L" }, price: 1500, stock: 0 },
        ],
      },
    });
  });

  it("names each field at fault, beside its line", () => {
    const lines = line({ sku: "", price: "1.234", stock: "many" });
    const values = typed([["name", ""], ["sku", "X"], ["price", "ten"], ["option_name", ""], ...lines]);
    const made = bodyOf(values, dollars);
    expect("fields" in made && Object.keys(made.fields).sort()).toEqual(
      ["name", "price", "variant_price.0", "variant_sku.0", "variant_stock.0"],
    );
  });

  it("leaves out the variants and images that were taken away, and orders images by their numbers", () => {
    const form: [string, string][] = [["name", "Shirt"], ["option_name", "size"]];
    for (const { id, sku } of shirt.variants) form.push(...line({ id, sku, price: "39" }));
    for (const [url, position] of [["/a", "2"], ["/b", "1"], ["/c", "3"]] as const) {
      form.push(["image", url], ["image_alt", url], ["image_position", position]);
    }
    const made = bodyOf(typed([...form, ["variant_remove", "vS"], ["image_remove", "/c"]]), dollars);
    expect("body" in made && made.body).toMatchObject({
      variants: [{ id: "vM", sku: "SHIRT-M" }],
      images: [{ url: "/b", alt: "/b" }, { url: "/a", alt: "/a" }],
    });
  });

  it("gives back a product that nobody changed as it is", () => {
    const made = bodyOf(valuesOf(shirt, "en-US"), dollars);
    expect("body" in made && made.body).toEqual({
      ...{ name: "Shirt", slug: "shirt", description: "", status: "active", category: null, images: shirt.images },
      variants: shirt.variants.map(({ id, sku, name, options, price }) => ({
        id,
        sku,
        name,
        options,
        price: price.amount,
      })),
    });
  });
});

describe("fieldsOf()", () => {
  it("finds the line of the gateway's pointer", () => {
    const refused = { "variants/0/sku": "taken", "variants/1": "odd", name: "long" };
    expect(fieldsOf(refused, [2, -1])).toEqual({ "variant_sku.2": "taken", sku: "odd", name: "long" });
  });
});

describe("differences()", () => {
  it("shows only what differs", () => {
    const theirs = valuesOf({ ...shirt, name: "Blouse" }, "en-US");
    expect(differences(theirs, valuesOf(shirt, "en-US"))).toEqual([{
      field: "Name",
      theirs: "Blouse",
      yours: "Shirt",
    }]);
  });
});
