import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { type PricedLine, type Tax, totalUp } from "./totals.ts";

const lines = fc.array(fc.record({ quantity: fc.integer({ min: 1, max: 999 }), unit_price: fc.nat(1_000_000_000) }), {
  maxLength: 20,
});
const tax = fc.record({ rate_bp: fc.integer({ min: 0, max: 10_000 }), included: fc.boolean() });
const currency = fc.constantFrom("USD", "JPY", "KWD");
const sum = (amounts: number[]) => amounts.reduce((all, amount) => all + amount, 0);

/** Tells whether it holds for every basket, tax and currency. */
function always(holds: (lines: PricedLine[], tax: Tax, currency: string) => void): void {
  fc.assert(fc.property(lines, tax, currency, holds));
}

describe("totalUp", () => {
  it("has lines that sum to the totals, always", () => {
    always((lines, tax, currency) => {
      const totals = totalUp(lines, tax, currency);
      expect(sum(totals.lines.map((line) => line.net.amount))).toBe(totals.subtotal.amount);
      expect(sum(totals.lines.map((line) => line.tax.amount))).toBe(totals.tax.amount);
      expect(sum(totals.lines.map((line) => line.total.amount))).toBe(
        totals.total.amount + totals.discount.amount - totals.shipping.amount,
      );
    });
  });

  it("is subtotal - discount + shipping + tax, unless that is included", () => {
    always((lines, tax, currency) => {
      const { subtotal, discount, shipping, tax: taxes, total } = totalUp(lines, tax, currency);
      const added = tax.included ? 0 : taxes.amount;
      expect(total.amount).toBe(subtotal.amount - discount.amount + shipping.amount + added);
    });
  });

  it("never depends on the order of the lines", () => {
    always((lines, tax, currency) => {
      const { total, tax: taxes } = totalUp(lines, tax, currency);
      const back = totalUp([...lines].reverse(), tax, currency);
      expect([back.total, back.tax]).toEqual([total, taxes]);
    });
  });

  it("is off the exact tax by less than half a minor unit a line", () => {
    always((lines, tax, currency) => {
      const totals = totalUp(lines, tax, currency);
      totals.lines.forEach((line, index) => {
        const { quantity = 0, unit_price = 0 } = lines[index] ?? {};
        const base = BigInt(quantity) * BigInt(unit_price) * BigInt(tax.rate_bp);
        const divisor = BigInt(tax.included ? 10_000 + tax.rate_bp : 10_000);
        const off = 2n * (BigInt(line.tax.amount) * divisor - base);
        expect(off <= divisor && off >= -divisor).toBe(true);
      });
    });
  });

  it("has the currency of the store in every amount", () => {
    always((lines, tax, currency) => {
      const { lines: priced, ...totals } = totalUp(lines, tax, currency);
      const amounts = [...Object.values(totals), ...priced.flatMap((line) => Object.values(line))];
      expect(new Set(amounts.map((amount) => amount.currency))).toEqual(new Set([currency]));
    });
  });

  const cases: [string, PricedLine[], Tax, number, number][] = [
    ["no tax", [{ quantity: 2, unit_price: 1999 }], { rate_bp: 0, included: false }, 0, 3998],
    ["19 % added", [{ quantity: 3, unit_price: 333 }], { rate_bp: 1900, included: false }, 190, 1189],
    ["19 % included", [{ quantity: 1, unit_price: 11900 }], { rate_bp: 1900, included: true }, 1900, 11900],
    ["half a cent rounded away from zero", [{ quantity: 1, unit_price: 50 }], { rate_bp: 100, included: false }, 1, 51],
    [
      "each line rounded by itself",
      [{ quantity: 1, unit_price: 50 }, { quantity: 1, unit_price: 50 }],
      {
        rate_bp: 100,
        included: false,
      },
      2,
      102,
    ],
    ["an empty basket", [], { rate_bp: 1900, included: false }, 0, 0],
  ];
  for (const [what, basket, tax, taxes, total] of cases) {
    it(`totals ${what}`, () => {
      const totals = totalUp(basket, tax, "EUR");
      expect([totals.tax.amount, totals.total.amount]).toEqual([taxes, total]);
    });
  }
});
