import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { databaseTime, stepsOf } from "./after_change.ts";
import { NO_CHANGE, type Order } from "./order.ts";

describe("databaseTime()", () => {
  it("is what the database said and what passed since, whatever this process's clock says", () => {
    const time = new Date("2020-01-01T00:00:00.500Z");
    expect(databaseTime({ time, at: performance.now() }).getTime() - time.getTime()).toBeLessThan(1000);
    expect(databaseTime({ time, at: performance.now() - 2000 }).getTime() - time.getTime()).toBeGreaterThanOrEqual(
      2000,
    );
    expect(databaseTime({ time, at: performance.now() + 60_000 })).toEqual(time);
  });
});

describe("stepsOf()", () => {
  it("has the first step of all come from nowhere, and each later one from the one before", () => {
    const placing = { status: "placing", seen: { time: new Date(), at: performance.now() } } as Order;
    const moves = [{ to: "pending_payment" as const, reason: "" }, { to: "paid" as const, reason: "nothing to pay" }];
    const steps = stepsOf(placing, { ...NO_CHANGE, moves }, "customer");
    expect(steps.map(({ from, to }) => [from, to])).toEqual([["", "pending_payment"], ["pending_payment", "paid"]]);
    expect(stepsOf({ ...placing, status: "paid" }, { ...NO_CHANGE, moves: [{ to: "paid", reason: "" }] }, "x")[0])
      .toMatchObject({ from: "paid", to: "paid", actor: "x" });
  });
});
