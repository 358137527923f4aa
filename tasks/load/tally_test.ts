import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { ownDelay, tableOf, Tally } from "./tally.ts";

const reply = (status: number, retry = false) => ({ status, retry, body: new TextEncoder().encode("{}") });

describe("the tally of a load", () => {
  it("counts by kind what was answered, and refusals that don't say when to come again", () => {
    const tally = new Tally();
    for (let n = 0; n < 6; n++) tally.sent("browse");
    const took = (ms: number, late = 0) => ({ ms, late });
    tally.answered("browse", took(10), reply(200));
    tally.answered("browse", took(20, 4), reply(200));
    tally.answered("browse", took(1), reply(503, true));
    tally.answered("browse", took(1), reply(429));
    tally.answered("browse", took(9, 6), reply(500));
    tally.ticked(5);
    tally.failed("browse", new Error("reset"));
    const [browse, cart] = tally.rows();
    expect(browse).toMatchObject({ sent: 6, ok: 2, unavailable: 1, too_many: 1, other: 2, silent: 1 });
    expect(browse?.ok_ms).toMatchObject({ p50: 10, p99: 20 });
    expect(cart?.sent).toBe(0);
    expect(tally.surprise).toBe("browse: 500 {}");
    expect(tally.total).toEqual({ sent: 6, ok: 2, unavailable: 1, too_many: 1, other: 2 });
    expect(tableOf(tally.rows()).split("\n")[1]).toMatch(/^browse +6 +2 +1 +1 +2 +1 +10 +20 +20 +1 +9 +9$/);
    expect(tally.own).toMatchObject({
      late: { p50: 0, p99: 6 },
      tick: { p50: 5 },
      ok: { p99: 16 },
      refused: { p99: 3 },
    });
    expect(ownDelay(tally.own)).toContain("ok 10 / 16 / 16, refused 1 / 3 / 3");
  });
});
