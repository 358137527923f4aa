import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { fuzz } from "./fuzz/run.ts";
import { startFuzzShop } from "./fuzz/shop.ts";
import { judge } from "./fuzz/judge.ts";

describe("judge()", () => {
  const problem = { type: "about:blank", title: "t", detail: "d", instance: "/", request_id: "r" };
  const answer = (status: number, more: object, type = "application/problem+json") => ({
    status,
    type,
    text: JSON.stringify({ ...problem, status, ...more }),
  });
  const cases: [string, Parameters<typeof judge>[0], RegExp | undefined][] = [
    ["a success", { status: 200, type: "application/json", text: "{}" }, undefined],
    ["a problem with its code", answer(404, { code: "order_not_found" }), undefined],
    ["a 500", answer(500, { code: "internal" }), /^500/],
    ["a code that is not in the table", answer(404, { code: "oops" }), /not in the table/],
    ["a code of another status", answer(409, { code: "order_not_found" }), /not in the table/],
    ["an error as JSON", answer(404, { code: "order_not_found" }, "application/json"), /is application\/json/],
    ["an error without a code", answer(404, {}), /lacks code/],
    [
      "HTML with what was sent",
      { status: 200, type: "text/html", text: '<p><script>alert("nano-fuzz")</script>' },
      /HTML/,
    ],
  ];
  for (const [what, given, fault] of cases) {
    it(`${fault ? "shows" : "takes"} ${what}`, () => {
      if (fault) expect(judge(given)).toMatch(fault);
      else expect(judge(given)).toBeUndefined();
    });
  }
});

describe("a short fuzz", () => {
  let shop: Awaited<ReturnType<typeof startFuzzShop>>;
  before(async () => {
    shop = await startFuzzShop(new AbortController().signal);
  });
  after(() => shop?.stop());

  it("finds no 5xx, no hung request, no reflected HTML and no problem out of shape", async () => {
    const { gateway, operator } = shop;
    const once = { gateway, operator, seed: 1, rounds: 1, milliseconds: 120_000 };
    const { faults, tried: [done, of], statuses } = await fuzz(once);
    expect(faults).toEqual([]);
    expect(done).toBe(of);
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["200", "400", "401", "403", "404"]));
  });
});
