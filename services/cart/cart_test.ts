import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { NanoError } from "../shared/errors.ts";
import {
  checkQuantity,
  checkSize,
  checkStock,
  type Line,
  mergedQuantity,
  type Offer,
  priceCart,
  principalOf,
  withMore,
} from "./cart.ts";

const line = (more: Partial<Line> = {}): Line => ({
  id: "l1",
  product_id: "p1",
  variant_id: "v1",
  sku: "TEA",
  name: "Tea",
  unit_price: 500,
  quantity: 2,
  ...more,
});
const offerOf = (line: Line, more: Partial<Offer> = {}): Offer => {
  const { product_id, variant_id, sku, name, unit_price } = line;
  return { product_id, variant_id, sku, name, unit_price, available: 10, ...more };
};
const store = { id: "s1", currency: "USD", tax: { rate_bp: 1000, included: false } };

describe("priceCart()", () => {
  it("takes today's price, name and stock from the offer, not from the line", () => {
    const offer = offerOf(line(), { unit_price: 700, name: "Green tea", available: 3, image: "/tea.jpg" });
    const cart = priceCart({ id: "c1", version: 4, lines: [line()] }, store, new Map([["v1", offer]]));
    expect(cart.items[0]).toMatchObject({ id: "l1", name: "Green tea", image: "/tea.jpg", available: 3, quantity: 2 });
    expect([cart.items[0]?.unit_price.amount, cart.subtotal.amount, cart.tax.amount, cart.total.amount]).toEqual([
      700,
      1400,
      140,
      1540,
    ]);
    expect([cart.item_count, cart.version]).toEqual([2, 4]);
  });

  it("keeps a line whose offer is gone at its last price, with nothing available", () => {
    const cart = priceCart({ id: "c1", version: 1, lines: [line()] }, store, new Map());
    expect(cart.items[0]).toMatchObject({
      name: "Tea",
      sku: "TEA",
      available: 0,
      total: { amount: 1000, currency: "USD" },
    });
    expect(cart.total.amount).toBe(1100);
  });

  it("refuses what prices have made larger than numbers can hold", () => {
    const lines = Array.from({ length: 10 }, (_, n) => line({ id: `l${n}`, quantity: 999, unit_price: 10 ** 12 }));
    expect(() => priceCart({ id: "c1", version: 1, lines }, store, new Map())).toThrow(
      expect.objectContaining({ code: "total_too_large" }),
    );
  });

  it("shows no cart as an empty one", () => {
    expect(priceCart(undefined, store, new Map())).toMatchObject({
      id: "",
      items: [],
      item_count: 0,
      total: { amount: 0, currency: "USD" },
    });
  });

  it("has lines that sum to the subtotal", () => {
    const lines = fc.array(
      fc.record({ quantity: fc.integer({ min: 1, max: 999 }), unit_price: fc.integer({ min: 0, max: 10_000_000 }) }),
      { maxLength: 100 },
    );
    fc.assert(fc.property(lines, fc.boolean(), fc.integer({ min: 0, max: 10_000 }), (lines, included, rate_bp) => {
      const stored = lines.map((values, at) => line({ ...values, id: `l${at}`, variant_id: `v${at}` }));
      const cart = priceCart(
        { id: "c", version: 1, lines: stored },
        { ...store, tax: { rate_bp, included } },
        new Map(),
      );
      expect(cart.items.reduce((sum, item) => sum + item.total.amount, 0)).toBe(cart.subtotal.amount);
      expect(cart.total.amount).toBe(cart.subtotal.amount + (included ? 0 : cart.tax.amount));
    }));
  });
});

describe("checkQuantity()", () => {
  for (const quantity of [1, 999]) it(`takes ${quantity}`, () => checkQuantity(quantity));
  for (const quantity of [0, -1, 1000, 1.5, NaN, 2 ** 53]) {
    it(`refuses ${quantity}`, () => expect(() => checkQuantity(quantity)).toThrow("1 to 999"));
  }
});

describe("checkStock()", () => {
  it("names what there is too little of", () => {
    checkStock(line(), 3, 3);
    try {
      checkStock(line(), 4, 3);
      throw new Error("nothing was refused");
    } catch (error) {
      if (!(error instanceof NanoError)) throw error;
      expect([error.kind, error.code]).toEqual(["conflict", "out_of_stock"]);
      expect(error.extras.members).toEqual({ items: [{ variant_id: "v1", sku: "TEA", requested: 4, available: 3 }] });
    }
  });
});

describe("checkSize()", () => {
  it("takes 100 lines and refuses 101", () => {
    const cart = (length: number) => ({ id: "c", version: 1, lines: Array.from({ length }, () => line()) });
    checkSize(cart(100));
    expect(() => checkSize(cart(101))).toThrow("at most 100 lines");
  });

  it("refuses what could not be added up exactly", () => {
    const lines = Array.from({ length: 100 }, () => line({ quantity: 999, unit_price: 1_000_000_000_000 }));
    expect(() => checkSize({ id: "c", version: 1, lines })).toThrow("more than can be charged");
  });
});

describe("mergedQuantity()", () => {
  const cases: [own: number, guests: number, available: number | undefined, merged: number][] = [
    [2, 3, 10, 5],
    [0, 3, 10, 3],
    [4, 3, 5, 5],
    [6, 3, 5, 5],
    [600, 600, 5000, 999],
    [600, 600, undefined, 999],
    [2, 3, 0, 2],
    [0, 3, 0, 3],
  ];
  for (const [own, guests, available, merged] of cases) {
    it(`makes ${merged} of ${own} and ${guests} where ${available ?? "nobody knows how many"} are left`, () => {
      expect(mergedQuantity(own, guests, available)).toBe(merged);
    });
  }
});

describe("principalOf()", () => {
  const guest_hash = "a".repeat(64);
  it("is the user, also with a guest's token", () => {
    expect(principalOf({ kind: "user", user_id: "u1", guest_hash, store_roles: [] })).toEqual({
      kind: "user",
      id: "u1",
    });
  });
  it("is the guest", () =>
    expect(principalOf({ kind: "guest", guest_hash, store_roles: [] })).toEqual({ kind: "guest", id: guest_hash }));
  it("is nobody for a stranger", () => expect(principalOf({ kind: "anonymous", store_roles: [] })).toBe(undefined));
});

describe("withMore()", () => {
  const cart = { id: "c1", version: 4, lines: [line({ id: "l1" }), line({ id: "l3", variant_id: "v3", sku: "CUP" })] };
  const code = (run: () => unknown) => {
    try {
      return run();
    } catch (error) {
      return (error as NanoError).code;
    }
  };

  it("adds to the line of a variant, as it is offered now, and makes a version", () => {
    const grown = withMore(cart, offerOf(line(), { unit_price: 700, product_id: "another" }), 3);
    expect(grown.line).toEqual(line({ unit_price: 700, quantity: 5 }));
    expect(grown.cart).toEqual({ id: "c1", version: 5, lines: [grown.line, cart.lines[1]] });
  });

  it("makes a line of what is new, in the order of ids", () => {
    const { line: made, cart: grown } = withMore(cart, offerOf(line({ variant_id: "v2" })), 1);
    expect(made).toMatchObject({ variant_id: "v2", product_id: "p1", quantity: 1 });
    expect(grown.lines.map(({ id }) => id)).toEqual([made.id, "l1", "l3"]);
  });

  it("refuses what no line, no shelf and no cart can hold", () => {
    expect(code(() => withMore(cart, offerOf(line(), { available: 5000 }), 998))).toBe("invalid_quantity");
    expect(code(() => withMore(cart, offerOf(line(), { available: 4 }), 3))).toBe("out_of_stock");
    const full = { ...cart, lines: Array.from({ length: 100 }, (_, i) => line({ id: `l${i}`, variant_id: `v${i}` })) };
    expect(code(() => withMore(full, offerOf(line({ variant_id: "more" })), 1))).toBe("cart_full");
    expect(withMore(full, offerOf(line({ variant_id: "v7" })), 1).cart.lines.length).toBe(100);
  });
});
