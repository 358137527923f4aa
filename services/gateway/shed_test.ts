import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createLog } from "../shared/log.ts";
import { registry } from "../shared/metrics.ts";
import { createDoor, createGate, outside } from "./shed.ts";

/** So many reads come at once and are answered after so long; gives the time afterwards, and how many were let in. */
function rush(gate: ReturnType<typeof createGate>, reads: number, milliseconds: number, now: number) {
  let let_in = 0;
  for (let read = 0; read < reads; read++) if (gate.enter(now)) let_in++;
  for (let read = 0; read < let_in; read++) gate.leave(milliseconds, now + milliseconds);
  return { now: now + milliseconds, let_in };
}

/**
 * A shop that answers so many a second, one after another, in front of which so many come: every 10 ms some. Gives the
 * longest that anybody waited in each second, and how many were answered in it.
 */
function simulate(gate: ReturnType<typeof createGate>, arrivals: number, capacity: number, seconds: number, from = 0) {
  const queue: number[] = [];
  const told: { longest: number; answered: number }[] = [];
  let [come, done] = [0, 0];
  for (let now = from; now < from + seconds * 1000; now += 10) {
    if ((now - from) % 1000 === 0) told.push({ longest: 0, answered: 0 });
    const second = told.at(-1) ?? { longest: 0, answered: 0 };
    for (come += arrivals / 100; come >= 1; come--) if (gate.enter(now)) queue.push(now);
    for (done += capacity / 100; done >= 1; done--) {
      const came = queue.shift();
      if (came === undefined) continue;
      gate.leave(now - came, now);
      second.longest = Math.max(second.longest, now - came);
      second.answered++;
    }
  }
  for (const came of queue) gate.leave(0, came);
  return told;
}

describe("the gate of a resource", () => {
  it("lets 1,024 reads in while they are fast", () => {
    expect(rush(createGate(), 5_000, 20, 0).let_in).toBe(1_024);
  });

  it("keeps waits short and the shop busy when twice as many come as it can answer", () => {
    for (const capacity of [100, 500, 2_000]) {
      const [first, second, ...later] = simulate(createGate(), capacity * 2, capacity, 20);
      for (const second of [first, ...later]) expect(second?.answered).toBeGreaterThan(capacity * 0.9);
      // The queue of the first moments is gone within the next second.
      expect(Math.max(first?.longest ?? Infinity, second?.longest ?? Infinity)).toBeLessThan(1_000);
      for (const { longest } of later) expect(longest).toBeLessThan(400);
    }
  });

  it("lets everybody in again within seconds of the rush", () => {
    const gate = createGate();
    simulate(gate, 1_000, 400, 10);
    expect(gate.limit).toBeLessThan(200);
    const after = simulate(gate, 300, 400, 5, 20_000);
    for (const second of after) expect(second.answered).toBeGreaterThan(290);
    expect(rush(gate, 5_000, 20, 40_000).let_in).toBe(1_024);
  });

  it("never lets fewer in than 16, however slow the shop is", () => {
    const gate = createGate();
    for (let now = 0, turn = 0; turn < 10; turn++) now = rush(gate, 5_000, 1_900, now).now;
    expect(gate.limit).toBeGreaterThanOrEqual(16);
    expect(rush(gate, 5_000, 1_900, 100_000).let_in).toBeGreaterThanOrEqual(16);
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

describe("the door", () => {
  const lines: string[] = [];
  const log = createLog("gateway", { LOG_LEVEL: "INFO" }, { write: (line: string) => void lines.push(line) });
  const info = {} as Deno.ServeHandlerInfo<Deno.NetAddr>;

  function doorOf(late: boolean) {
    const waiting: (() => void)[] = [];
    const door = createDoor(async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response("done");
    }, { log, loop: { late: () => late } });
    const ask = async (path: string, init?: RequestInit, popular = false) =>
      await door(new Request(`http://nano.test${path}`, init), info, popular);
    return { ask, answerAll: () => waiting.splice(0).forEach((done) => done()) };
  }

  it("refuses reads by a retryable 503 when the event loop is behind and some are under way, but neither carts, checkouts nor probes", async () => {
    const { ask, answerAll } = doorOf(true);
    const some = Array.from({ length: 4 }, () => ask("/products?limit=3"));
    const refused = await ask("/products?limit=3", {
      headers: { "X-Request-Id": "mine", Origin: "https://a.example" },
    });
    expect(refused.status).toBe(503);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "content-type": "application/problem+json",
      "retry-after": "1",
      "x-request-id": "mine",
      "cache-control": "no-store",
      "access-control-allow-origin": "*",
    });
    expect(await refused.json()).toEqual({
      type: "urn:nano:error:unavailable",
      title: "Unavailable",
      status: 503,
      detail: "The service is busy. Try again shortly.",
      instance: "/products",
      code: "unavailable",
      request_id: "mine",
    });
    const others = [
      ask("/orders", { method: "POST" }),
      ...Array.from({ length: 5 }, () => ask("/cart/items", { method: "POST" })),
      ask("/healthz"),
      // Many wait for what this one reads.
      ask("/products?limit=3", {}, true),
    ];
    answerAll();
    expect((await Promise.all([...some, ...others])).map(({ status }) => status)).toEqual(Array(12).fill(200));
  });

  it("refuses no read of one resource as another is full", async () => {
    const { ask, answerAll } = doorOf(false);
    const full = Array.from({ length: 1_024 }, () => ask("/products"));
    expect((await ask("/products/mug")).status).toBe(503);
    const cart = ask("/cart");
    answerAll();
    expect((await cart).status).toBe(200);
    expect((await Promise.all(full)).every(({ status }) => status === 200)).toBe(true);
  });

  it("counts its refusals, and logs them by the second", async () => {
    const counted = async () =>
      Number(/requests_refused_total\{reason="gateway"\} (\d+)/.exec(await registry.metrics())?.[1] ?? 0);
    const { ask, answerAll } = doorOf(false);
    const full = Array.from({ length: 1_024 }, () => ask("/search"));
    const before = await counted();
    for (let refused = 0; refused < 30; refused++) await ask("/search");
    expect(await counted() - before).toBe(30);
    answerAll();
    await Promise.all(full);
    const told = () => lines.map((line) => JSON.parse(line).refused);
    for (const end = Date.now() + 10_000; !told().includes(30) && Date.now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(told()).toContain(30);
  });
});

describe("a body that does not come", () => {
  it("keeps nobody else out of a gate", async () => {
    const log = createLog("gateway", { LOG_LEVEL: "ERROR" });
    const arrive: (() => void)[] = [];
    const door = createDoor(
      async (_request, info) => {
        await outside(info, () => new Promise<void>((resolve) => arrive.push(resolve)));
        return new Response("added");
      },
      { log, loop: { late: () => false } },
    );
    const remoteAddr = { transport: "tcp", hostname: "192.0.2.7", port: 1 } as const;
    const add = async () =>
      await door(new Request("http://nano.test/cart/items", { method: "POST" }), {
        remoteAddr,
        completed: Promise.resolve(),
      });
    const half = Array.from({ length: 2_000 }, add);
    const last = add();
    for (const resolve of arrive) resolve();
    expect((await last).status).toBe(200);
    expect(new Set((await Promise.all(half)).map(({ status }) => status))).toEqual(new Set([200]));
  });
});
