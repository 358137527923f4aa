import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { fromStripe, toStripe } from "./stripe_amount.ts";

describe("toStripe()", () => {
  const amounts: [amount: number, currency: string, stripe: number | undefined, why: string][] = [
    [1999, "USD", 1999, "two decimals are Stripe's too"],
    [500, "JPY", 500, "a zero-decimal currency has whole amounts"],
    [500, "KRW", 500, "so has this"],
    [5120, "KWD", 5120, "three decimals, the last of them 0"],
    [5124, "KWD", undefined, "Stripe would have it rounded, and the ledger would be off"],
    [1, "TND", undefined, "so would this"],
    [5, "ISK", 500, "no decimals, yet Stripe takes two"],
    [5, "UGX", 500, "no decimals, yet Stripe takes two"],
    [300, "MGA", 3, "ISO 4217 has two decimals, Stripe none"],
    [301, "MGA", undefined, "a fraction of an ariary can't be charged"],
    [1000, "IQD", undefined, "Stripe does not have it"],
    [10_000, "CLF", undefined, "Stripe does not have it"],
  ];
  for (const [amount, currency, stripe, why] of amounts) {
    it(`gives ${stripe} for ${amount} ${currency}: ${why}`, () => {
      expect(toStripe({ amount, currency })).toBe(stripe);
      if (stripe !== undefined) expect(fromStripe(stripe, currency)).toBe(amount);
    });
  }

  it("refuses a fraction of our minor unit", () => expect(() => fromStripe(550, "ISK")).toThrow("550 ISK"));
});
