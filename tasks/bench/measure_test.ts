import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { summarize } from "./measure.ts";

describe("summarize()", () => {
  it("takes percentiles by nearest rank, in any order of the figures", () => {
    const figures = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(summarize(figures)).toEqual({ p50: 50, p95: 95, p99: 99, worst: 100 });
  });

  it("takes one figure for all of them", () => {
    expect(summarize([3.14])).toEqual({ p50: 3.1, p95: 3.1, p99: 3.1, worst: 3.1 });
  });
});
