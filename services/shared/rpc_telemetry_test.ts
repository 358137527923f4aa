import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { invalid, NanoError, unavailable } from "./errors.ts";
import { createLog } from "./log.ts";
import { servedBy } from "./rpc_telemetry.ts";

/** The lines at INFO that so many calls leave, one by one. */
async function linesOf(calls: [error?: NanoError | undefined, thrown?: unknown, milliseconds?: number][]) {
  const lines: string[] = [];
  const log = createLog("order", { LOG_LEVEL: "INFO" }, { write: (line: string) => void lines.push(line) });
  const serve = servedBy("placeOrder", "/nano.order.v1.OrderService/PlaceOrder", log);
  for (const [error, thrown, milliseconds] of calls) {
    await serve(undefined, async (done) => {
      if (milliseconds) await new Promise((resolve) => setTimeout(resolve, milliseconds));
      done(error, thrown);
    });
  }
  return lines.map((line) => JSON.parse(line));
}

describe("servedBy()", () => {
  it("is silent at INFO about calls that go well, or that the caller is to blame for", async () => {
    expect(await linesOf([[], [invalid("bad", "It is bad.")]])).toEqual([]);
  });

  it("warns of calls that can't be served, with what PostgreSQL said", async () => {
    const lines = await linesOf([[unavailable(), Object.assign(new Error("locked"), { code: "55P03" })]]);
    expect(lines).toMatchObject([{
      "log.level": "warn",
      rpc: { method: "placeOrder", status: "UNAVAILABLE" },
      error: { code: "55P03" },
      event: { outcome: "failure" },
    }]);
  });

  it("warns of calls that take over a second", async () => {
    expect(await linesOf([[undefined, undefined, 1_050]])).toMatchObject([{
      "log.level": "warn",
      rpc: { status: "OK" },
    }]);
  });

  it("says little of many that fail at once", async () => {
    const lines = await linesOf(Array.from({ length: 500 }, () => [unavailable()]));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(100);
  });
});
