import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { compare, doubts, type Round, rowOf, table } from "./report.ts";

const round = (done: number, more: Partial<Round> = {}): Round => ({
  done,
  errors: 0,
  seconds: 2,
  p50: 1,
  p95: 2,
  p99: 3,
  worst: 4,
  cpu: { gateway: done / 2, load: 1000 },
  others: 0,
  ...more,
});

describe("a row", () => {
  it("has the medians of its rounds, and each process's CPU time per request without the load's own", () => {
    const row = rowOf("listing", "floor", [round(100, { p95: 9 }), round(300, { p95: 5 }), round(200, { p95: 7 })]);
    expect(row).toMatchObject({ per_second: 100, p95: 7, errors: 0, cpu_ms: { gateway: 0.5 }, cpu_ms_total: 0.5 });
    expect(row.spread).toBe(1);
  });
});

describe("the report", () => {
  const rows = compare([
    rowOf("floor", undefined, [round(400, { cpu: { floor: 100 } })]),
    rowOf("listing", "floor", [round(300)]),
  ]);

  it("compares with the floor by rate and by CPU time", () => {
    expect(rows[0]).not.toHaveProperty("ratio");
    expect(rows[1]).toMatchObject({ ratio: 0.75, cpu_ratio: 0.5 });
    expect(table(rows)).toMatch(/listing +150 +1\.0 +2\.0 +3\.0 +0 +0\.75 +0\.50 +0\.500 +0 %/);
  });

  it("doubts rounds far apart, a machine that others use, and errors; nothing else", () => {
    expect(doubts(rows)).toEqual([]);
    const noisy = rowOf("search", undefined, [
      round(100, { others: 0.3, errors: 2, error: "Error: no" }),
      round(200, { others: 0.3 }),
    ]);
    const found = doubts([noisy]);
    expect(found).toHaveLength(3);
    expect(found.join()).toMatch(/apart: search.*others used.*search.*search: 2 errors, Error: no/s);
  });
});
