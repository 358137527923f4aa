import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "@hono/hono";
import { NanoError } from "../shared/errors.ts";
import type { Env } from "./env.ts";
import { createGate, shedReads } from "./shed.ts";

/** So many reads come at once and are answered after so long; gives the time afterwards, and how many were let in. */
function rush(gate: ReturnType<typeof createGate>, reads: number, milliseconds: number, now: number) {
  let let_in = 0;
  for (let read = 0; read < reads; read++) if (gate.enter()) let_in++;
  for (let read = 0; read < let_in; read++) gate.leave(milliseconds, now + milliseconds);
  return { now: now + milliseconds, let_in };
}

describe("the gate of a resource", () => {
  it("lets 1,024 reads in while they are fast", () => {
    expect(rush(createGate(), 5_000, 20, 0).let_in).toBe(1_024);
  });

  it("lets fewer in once most are slow, never fewer than 128, and more again when they are fast", () => {
    const gate = createGate();
    let state = { now: 0, let_in: 0 };
    for (let turn = 0; turn < 30; turn++) state = rush(gate, 5_000, 900, state.now);
    expect(state.let_in).toBe(128);
    const [before, began] = [gate.limit, state.now];
    while (gate.limit < 1_024 && state.now - began < 30_000) state = rush(gate, 5_000, 260, state.now);
    expect(before).toBe(128);
    expect(state.let_in).toBeGreaterThan(900);
    expect(state.now - began).toBeLessThan(15_000);
  });

  it("does not mind a few slow ones among fast ones, or a single slow one", () => {
    const gate = createGate();
    for (let now = 0; now < 20_000; now += 300) {
      rush(gate, 3, 1_500, now);
      rush(gate, 20, 5, now);
    }
    expect(gate.limit).toBe(1_024);
  });
});

describe("shedding of reads", () => {
  function appOf(late: boolean) {
    const waiting: (() => void)[] = [];
    const app = new Hono<Env>();
    app.onError((error, c) =>
      c.json(error instanceof NanoError ? { code: error.code, ...error.extras } : { code: String(error) }, 503)
    );
    app.use(shedReads({ late: () => late }));
    app.all("*", async (c) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return c.text("done");
    });
    return { app, answerAll: () => waiting.splice(0).forEach((done) => done()) };
  }

  it("refuses reads by a retryable 503 when the event loop is behind and many are under way, but neither writes nor probes", async () => {
    const { app, answerAll } = appOf(true);
    const many = Array.from({ length: 64 }, () => app.request("/products"));
    const refused = await app.request("/products");
    expect([refused.status, await refused.json()]).toEqual([503, { code: "unavailable", retry_after: 1 }]);
    const [write, probe] = [app.request("/orders", { method: "POST" }), app.request("/healthz")];
    answerAll();
    expect((await Promise.all([...many, write, probe])).map(({ status }) => status)).toEqual(Array(66).fill(200));
  });

  it("refuses no read of one resource as another is full", async () => {
    const { app, answerAll } = appOf(false);
    const full = Array.from({ length: 1_024 }, () => app.request("/products"));
    expect((await app.request("/products")).status).toBe(503);
    const cart = app.request("/cart");
    answerAll();
    expect((await cart).status).toBe(200);
    expect((await Promise.all(full)).every(({ status }) => status === 200)).toBe(true);
  });
});
