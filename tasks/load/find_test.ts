import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { findRate, held } from "./find.ts";
import { Tally } from "./tally.ts";

describe("the search for the highest rate", () => {
  it("comes as near as 15 % from below, wherever it begins, and tries few rates", async () => {
    for (const highest of [1, 7, 60, 100, 333, 4_000]) {
      for (const from of [10, 100, 1_000]) {
        const tried: number[] = [];
        const found = await findRate((rate) => Promise.resolve(rate <= highest && tried.push(rate) > 0), from);
        expect(found).toBeLessThanOrEqual(highest);
        expect(found * 1.15 >= highest || highest - found <= 1).toBe(true);
        expect(tried.length).toBeLessThan(14);
      }
    }
  });

  it("finds nothing where nothing is held, and minds no single failure", async () => {
    expect(await findRate(() => Promise.resolve(false), 100)).toBe(0);
    let calls = 0;
    expect(await findRate((rate) => Promise.resolve(++calls % 2 === 0 && rate <= 50), 50)).toBeGreaterThanOrEqual(50);
  });
});

describe("a rate", () => {
  function tallyOf(ok: number, refused: number, milliseconds: number): Tally {
    const tally = new Tally();
    const answer = (status: number) => {
      tally.sent("browse");
      tally.answered("browse", { ms: milliseconds, late: 0 }, { status, body: new Uint8Array() });
    };
    for (let n = 0; n < ok; n++) answer(200);
    for (let n = 0; n < refused; n++) answer(503);
    return tally;
  }

  it("is held where nearly all are served, and soon", () => {
    expect(held(tallyOf(100, 1, 100))).toBe(true);
    expect(held(tallyOf(100, 5, 100))).toBe(false);
    expect(held(tallyOf(100, 0, 700))).toBe(false);
  });
});
