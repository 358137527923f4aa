import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { dayOf, spanOf, summarize } from "./stats.ts";

const now = new Date("2026-03-01T23:30:00Z");

describe("spanOf()", () => {
  it("is by default the 30 days that end today", () => {
    expect(spanOf("", "", now)).toEqual({ from: "2026-01-31", to: "2026-03-01" });
  });

  it("ends 30 days where only the last day is given", () => {
    expect(spanOf("", "2024-03-01", now)).toEqual({ from: "2024-02-01", to: "2024-03-01" });
  });

  it("takes 366 days and refuses 367", () => {
    expect(spanOf("2024-01-01", "2024-12-31", now).from).toBe("2024-01-01");
    expect(() => spanOf("2023-12-31", "2024-12-31", now)).toThrow("at most 366 days");
  });

  it("refuses a span that ends before it begins", () => {
    expect(() => spanOf("2026-02-02", "2026-02-01", now)).toThrow("must not be after");
  });

  for (const day of ["2026-02-30", "2026-2-3", "yesterday", "20260203", "2026-02-03T00:00:00Z"]) {
    it(`refuses the day "${day}"`, () => expect(() => spanOf(day, "", now)).toThrow("YYYY-MM-DD"));
  }
});

describe("summarize()", () => {
  const span = { from: "2026-02-27", to: "2026-03-01" };

  it("gives each day of the span, also those without orders", () => {
    const { days } = summarize(span, "USD", [{ day: "2026-02-28", orders: 2, revenue: 301, new_customers: 1 }], []);
    expect(days.map(({ day, orders, revenue }) => [day, orders, revenue.amount])).toEqual([
      ["2026-02-27", 0, 0],
      ["2026-02-28", 2, 301],
      ["2026-03-01", 0, 0],
    ]);
  });

  it("rounds the average order half away from zero", () => {
    const day = { day: "2026-02-28", orders: 2, new_customers: 0 };
    expect(summarize(span, "USD", [{ ...day, revenue: 301 }], []).average_order).toEqual({
      amount: 151,
      currency: "USD",
    });
    expect(summarize(span, "USD", [{ ...day, revenue: -301 }], []).average_order.amount).toBe(-151);
  });

  it("has no average without orders", () => {
    expect(summarize(span, "JPY", [], []).average_order).toEqual({ amount: 0, currency: "JPY" });
  });
});

describe("dayOf()", () => {
  it("counts in UTC", () => expect(dayOf(new Date("2026-03-01T01:00:00+02:00"))).toBe("2026-02-28"));
});
