import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { type Profile, profileTable, sharesOf } from "./profile.ts";

const frame = (id: number, functionName: string, url = "") => ({ id, callFrame: { functionName, url } });

/** 10 ms in each: our code, waiting, PostgreSQL's client, sending, our code. */
const PROFILE: Profile = {
  nodes: [
    frame(1, "placeOrder", "file:///shop/services/order/place_order.ts"),
    frame(2, "(idle)"),
    frame(3, "query", "file:///shop/node_modules/.deno/pg@8.23.1/node_modules/pg/lib/client.js"),
    frame(4, "writev"),
  ],
  samples: [1, 2, 3, 4, 1],
  timeDeltas: [0, 10_000, 10_000, 10_000, 10_000],
};

describe("a profile", () => {
  it("tells which part the working time went to, without waiting", () => {
    expect(sharesOf(PROFILE)).toEqual({
      busy_ms: 30,
      shares: [["our code", 1 / 3], ["PostgreSQL client", 1 / 3], ["sending", 1 / 3]],
    });
  });

  it("tells of its end only, if asked to", () => {
    expect(sharesOf(PROFILE, 15)).toEqual({ busy_ms: 10, shares: [["sending", 1]] });
  });

  it("is a line of a table", () => {
    expect(profileTable({ order: PROFILE })).toBe(
      "  order     0.0 s: our code 33 %, PostgreSQL client 33 %, sending 33 %",
    );
  });
});
