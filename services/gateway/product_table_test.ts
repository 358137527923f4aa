import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { readProducts } from "./product_table.ts";

const store = { currency: "USD", locale: "en-US" };
const read = (table: string, of = store) => readProducts(new TextEncoder().encode(table), of);
const refusals = (table: string) => read(table).refused.map(({ line, code }) => [line, code]);

function refusal(table: string): string {
  try {
    read(table);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "read";
}

describe("readProducts()", () => {
  it("makes the lines of one slug the variants of one product", () => {
    expect(read("Name,Slug,SKU,Price,Stock,option:Size\nShirt,shirt,S-S,39,5,S\n,shirt,S-M,41.50,,M\n")).toEqual({
      products: [{
        line: 2,
        slug: "shirt",
        name: "Shirt",
        variants: [
          { line: 2, sku: "S-S", price: { amount: 3900, currency: "USD" }, stock: 5, options: { Size: "S" } },
          { line: 3, sku: "S-M", price: { amount: 4150, currency: "USD" }, options: { Size: "M" } },
        ],
      }],
      refused: [],
    });
  });

  it("goes by the name where there is no slug", () => {
    expect(read("name,sku\nTea,T1\nTEA,T2\nCup,C\n").products.map(({ variants }) => variants.length)).toEqual([2, 1]);
  });

  it("reads prices in the store's currency and locale", () => {
    const prices = (currency: string, locale: string, cell: string) =>
      read(`name;sku;price\nA;A;${cell}\n`, { currency, locale }).products[0]?.variants[0]?.price?.amount;
    expect(prices("EUR", "de-DE", "1.234,50 €")).toBe(123450);
    expect(prices("JPY", "ja-JP", "1,234")).toBe(1234);
    expect(prices("KWD", "en-US", "1.234")).toBe(1234);
    expect(prices("JPY", "ja-JP", "12.5")).toBeUndefined();
  });

  it("takes the apostrophe away that keeps a spreadsheet from running a cell", () => {
    expect(read("name,sku\n'=A1,'-X\n").products[0]).toMatchObject({ name: "=A1", variants: [{ sku: "-X" }] });
  });

  it("refuses a line, and with it its product, but no other", () => {
    const table =
      "name,sku,price,stock,status\nA,A1,ten,,\nA,A2,1,,\nB,B,1,1.5,\nC,,1,1,\nD,D,1,1,gone\nE,E,1,1,active\n,F,,,\n";
    expect(read(table).products.map(({ name }) => name)).toEqual(["E"]);
    expect(refusals(table).sort()).toEqual([
      [2, "invalid_price"],
      [3, "product_refused"],
      [4, "invalid_stock"],
      [5, "required"],
      [6, "invalid_status"],
      [8, "required"],
    ]);
  });

  it("refuses cells that are too long or too many", () => {
    expect(refusals(`name,sku\n${"n".repeat(201)},A\nB,B,extra\n`)).toEqual([[2, "too_long"], [3, "invalid_field"]]);
  });

  it("counts the options before it compares them, of which a line has room for 100,000", () => {
    const options = Array.from({ length: 101 }, () => "option:Size").join(",");
    expect(() => read(`name,sku,${options}\n`)).toThrow("at most 100 options");
  });

  it("takes as many options as an export has, whatever breaks their names hold", () => {
    const names = ["two\nlines", ...Array.from({ length: 99 }, (_, n) => `o${n}`)];
    const table = `name,sku,${names.map((name) => `"option:${name}"`).join(",")}\nA,A,x,y\n`;
    expect(read(table).products[0]?.variants[0]?.options).toEqual({ "two\nlines": "x", o0: "y" });
  });

  it("refuses a product of more lines than it may have variants", () => {
    const lines = Array.from({ length: 101 }, (_, n) => `A,A${n}\n`).join("");
    expect(read(`name,sku\n${lines}B,B\n`)).toMatchObject({
      products: [{ name: "B" }],
      refused: [{ line: 2, code: "too_many_variants" }],
    });
  });

  for (
    const [what, table, code] of [
      ["without sku", "name,price\nA,1\n", "required"],
      ["without slug and name", "sku\nA\n", "required"],
      ["with an unknown column", "name,sku,colour\nA,A,red\n", "unknown_column"],
      ["with a column twice", "name,sku,Name\nA,A,B\n", "unknown_column"],
      ["of too many lines", "name,sku\n" + "A,A\n".repeat(2_001), "too_many_rows"],
    ] as const
  ) {
    it(`refuses a table ${what}`, () => expect(refusal(table)).toBe(code));
  }
});
