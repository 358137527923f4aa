import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import {
  add,
  exponentOf,
  formatMoney,
  isCurrency,
  money,
  mulDiv,
  parseMoney,
  sameCurrency,
  toDecimal,
} from "./money.ts";

describe("money", () => {
  it("is a safe integer of minor units, or nothing", () => {
    expect(money(-1999, "USD")).toEqual({ amount: -1999, currency: "USD" });
    for (const amount of [0.5, NaN, Infinity, 2 ** 53]) expect(() => money(amount, "USD")).toThrow(RangeError);
  });

  it("adds up in one currency only", () => {
    expect(add(money(1, "EUR"), money(2, "EUR"))).toEqual({ amount: 3, currency: "EUR" });
    expect(() => add(money(1, "EUR"), money(2, "USD"))).toThrow(expect.objectContaining({ code: "currency_mismatch" }));
    expect(() => sameCurrency("EUR", "EUR")).not.toThrow();
  });

  it("refuses a sum that is no longer exact", () => {
    expect(() => add(money(Number.MAX_SAFE_INTEGER, "EUR"), money(1, "EUR"))).toThrow(RangeError);
  });
});

describe("a currency", () => {
  it("has the decimals of ISO 4217", () => {
    expect(["USD", "EUR", "JPY", "KRW", "KWD", "BHD", "CLF"].map(exponentOf)).toEqual([2, 2, 0, 0, 3, 3, 4]);
  });

  it("has a code in use", () => {
    expect(["USD", "JPY", "KWD"].every(isCurrency)).toBe(true);
    expect(["usd", "ABC", "", "US"].some(isCurrency)).toBe(false);
  });

  it("is written with its decimals", () => {
    expect(formatMoney(money(1234, "USD"))).toBe("$12.34");
    expect(formatMoney(money(1234, "JPY"))).toBe("¥1,234");
    expect(formatMoney(money(1234, "KWD")).replaceAll("\u00a0", " ")).toBe("KWD 1.234");
  });
});

describe("mulDiv", () => {
  it("rounds half away from zero", () => {
    expect([1, 2, 3, -1, -2, -3].map((a) => mulDiv(a, 1, 2))).toEqual([1, 1, 2, -1, -1, -2]);
    expect([mulDiv(1, 1, 3), mulDiv(2, 1, 3), mulDiv(-1, 1, 3), mulDiv(-2, 1, 3)].map((n) => n + 0)).toEqual([
      0,
      1,
      0,
      -1,
    ]);
  });

  it("is the nearest integer to the exact quotient, at any size", () => {
    const integer = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 });
    fc.assert(
      fc.property(integer, fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 20_000 }), (a, b, c) => {
        fc.pre(Number.isSafeInteger(Math.round((a * b) / c)));
        const twice = 2n * (BigInt(mulDiv(a, b, c)) * BigInt(c) - BigInt(a) * BigInt(b));
        expect(twice <= BigInt(c) && twice >= -BigInt(c)).toBe(true);
      }),
    );
  });

  it("is odd: what goes back is rounded as what came", () => {
    fc.assert(fc.property(fc.nat(), fc.nat(20_000), fc.integer({ min: 1, max: 20_000 }), (a, b, c) => {
      expect(mulDiv(-a, b, c) + mulDiv(a, b, c)).toBe(0);
    }));
  });
});

describe("parseMoney()", () => {
  const read: [string, string, string, number | undefined][] = [
    ["12.34", "USD", "en-US", 1234],
    ["$12", "USD", "en-US", 1200],
    ["12,34", "USD", "en-US", 1234],
    ["1,234", "USD", "en-US", 123400],
    ["1,234.50 USD", "USD", "en-US", 123450],
    ["1.234", "EUR", "de-DE", 123400],
    ["1.234,50\u00a0€", "EUR", "de-DE", 123450],
    ["1 234 567,89", "EUR", "fr-FR", 123456789],
    ["1,234", "JPY", "ja-JP", 1234],
    ["1.234", "KWD", "en-US", 1234],
    ["0", "USD", "en-US", 0],
    ["1.234", "USD", "en-US", undefined],
    ["12.5", "JPY", "ja-JP", undefined],
    ["1,2,3", "USD", "en-US", undefined],
    ["1,234,56", "USD", "en-US", undefined],
    ["1.2,3.4", "USD", "en-US", undefined],
    ["1234,567", "USD", "en-US", undefined],
    ["1234.567", "EUR", "de-DE", undefined],
    ["1234.567", "TND", "ar-TN", undefined],
    ["12.", "USD", "en-US", undefined],
    ["-1", "USD", "en-US", undefined],
    ["1e3", "USD", "en-US", undefined],
    ["", "USD", "en-US", undefined],
    ["9".repeat(20), "USD", "en-US", undefined],
  ];
  for (const [text, currency, locale, amount] of read) {
    it(`${amount === undefined ? "refuses" : "reads"} ${JSON.stringify(text)} in ${currency}, ${locale}`, () => {
      expect(parseMoney(text, currency, locale)?.amount).toBe(amount);
    });
  }

  it("reads back what toDecimal() writes", () => {
    for (const currency of ["USD", "JPY", "KWD"]) {
      for (const amount of [0, 1, 12, 123, 1234, 99_999, 1_000_000]) {
        expect(parseMoney(toDecimal({ amount, currency }), currency)?.amount).toBe(amount);
      }
    }
  });
});
