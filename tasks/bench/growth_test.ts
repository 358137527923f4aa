import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { growthTable } from "./growth.ts";
import { type Round, rowOf } from "./report.ts";

const row = (name: string, p50: number, p95: number) => {
  const round: Round = {
    done: 100,
    errors: 0,
    seconds: 1,
    p50,
    p95,
    p99: p95,
    worst: p95,
    cpu: { gateway: 100 * p50 },
    others: 0,
  };
  return rowOf(name, undefined, [round]);
};

describe("the table of growth", () => {
  it("sets what was measured at both sizes side by side, and their ratio", () => {
    const table = growthTable("products", [10_000, 1_000_000], [row("listing", 4, 8)], [row("listing", 6, 9.04)]);
    expect(table.split("\n")).toEqual([
      "| uncached, ms | 10,000 products: p50 | p95 | CPU | 1,000,000 products: p50 | p95 | CPU | ratio of p50 | of CPU |",
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
      "| listing | 4.0 | 8.0 | 4.0 | 6.0 | 9.0 | 6.0 | 1.50 | 1.50 |",
    ]);
  });

  it("leaves out what was measured at one size only", () => {
    expect(growthTable("orders", [1, 2], [row("orders", 1, 1)], []).split("\n")).toHaveLength(2);
  });
});
