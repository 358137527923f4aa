import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { ago, money, moneyField, parseMoney } from "./format.ts";

describe("parseMoney()", () => {
  it("reads amounts as people of the locale write them", () => {
    const cases: [string, string, string, number | undefined][] = [
      ["12.34", "USD", "en-US", 1234],
      ["1,234.5", "USD", "en-US", 123450],
      ["12", "USD", "en-US", 1200],
      ["12,34", "EUR", "de-DE", 1234],
      ["1.234,50", "EUR", "de-DE", 123450],
      ["12.34", "EUR", "de-DE", 1234],
      ["1234", "JPY", "ja-JP", 1234],
      ["1.234", "KWD", "en-US", 1234],
      ["12.345", "USD", "en-US", undefined],
      ["12.5", "JPY", "ja-JP", undefined],
      ["-1", "USD", "en-US", undefined],
      ["ten", "USD", "en-US", undefined],
      ["", "USD", "en-US", undefined],
    ];
    for (const [text, currency, locale, amount] of cases) {
      expect([text, locale, parseMoney(text, currency, locale)]).toEqual([text, locale, amount]);
    }
  });

  it("reads back what moneyField() wrote", () => {
    for (const locale of ["en-US", "de-DE", "fr-FR", "de-CH", "ja-JP", "ar-EG"]) {
      for (const value of [{ amount: 123456, currency: "USD" }, { amount: 7, currency: "KWD" }]) {
        expect([locale, parseMoney(moneyField(value, locale), value.currency, locale)]).toEqual([locale, value.amount]);
      }
    }
  });
});

describe("ago()", () => {
  it("says how long ago, and beyond a week the day", () => {
    const now = Date.parse("2026-11-22T12:00:00Z");
    expect(ago("2026-11-22T11:58:00Z", "en-US", now)).toBe("2 min. ago");
    expect(ago("2026-11-20T11:58:00Z", "en-US", now)).toBe("2 days ago");
    expect(ago("2026-11-01T11:58:00Z", "en-US", now)).toBe("Nov 1, 2026");
  });
});

describe("money()", () => {
  it("writes minor units in the locale", () => {
    expect(money({ amount: 1234, currency: "USD" }, "en-US")).toBe("$12.34");
    expect(money({ amount: 1234, currency: "JPY" }, "en-US")).toBe("¥1,234");
  });
});
