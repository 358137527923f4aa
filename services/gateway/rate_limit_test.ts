import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { Hono } from "@hono/hono";
import fc from "fast-check";
import { ANONYMOUS, withContext } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import type { Env } from "./env.ts";
import { createRateLimits, gcra, networkOf, type RateLimitDeps } from "./rate_limit.ts";

const SECOND = 1_000_000;

describe("gcra()", () => {
  it("lets the whole quota through at once, then one per interval", () => {
    let arrival = 0;
    const at = (second: number) => {
      const decision = gcra(arrival, 1e9 + second * SECOND, 5);
      arrival = decision.arrival;
      return decision;
    };
    expect(Array.from({ length: 6 }, () => at(0).allowed)).toEqual([true, true, true, true, true, false]);
    expect(at(0).retry_after).toBe(12 * SECOND);
    expect(at(11.9).allowed).toBe(false);
    expect(at(12).allowed).toBe(true);
    expect(at(12).allowed).toBe(false);
  });

  it("counts down what remains", () => {
    let arrival = 0;
    const remaining = Array.from({ length: 5 }, () => {
      const decision = gcra(arrival, 1e9, 5);
      arrival = decision.arrival;
      return decision.remaining;
    });
    expect(remaining).toEqual([4, 3, 2, 1, 0]);
  });

  it("lets as many through as the quota and what refilled meanwhile, whatever the pace", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.integer({ min: 0, max: 5 * SECOND }), { minLength: 1, maxLength: 300 }),
      (quota, pauses) => {
        let [arrival, now, allowed] = [0, 1e12, 0];
        const start = now;
        for (const pause of pauses) {
          now += pause;
          const decision = gcra(arrival, now, quota);
          arrival = decision.arrival;
          if (decision.allowed) allowed++;
          else expect(gcra(arrival, now + decision.retry_after, quota).allowed).toBe(true);
        }
        expect(allowed).toBeLessThanOrEqual(quota + Math.floor((now - start) * quota / (60 * SECOND) + 1e-3));
      },
    ));
  });
});

describe("networkOf()", () => {
  const cases = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
  ] as const;
  for (const [address, network] of cases) {
    it(`takes ${address || "nothing"} for ${network || "nothing"}`, () => expect(networkOf(address)).toBe(network));
  }
});

/** An app under the limits, for a client's address. */
function app(
  scale = 1,
  more: Partial<RateLimitDeps["config"]> = {},
  gateways = 1,
  redis?: RateLimitDeps["cache"]["redis"],
) {
  const config = { RATE_LIMIT_SCALE: scale, ...more };
  const limits = createRateLimits({ cache: { redis }, config, gateways: { count: () => gateways } });
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    c.set("address", c.req.header("address") ?? "192.0.2.1");
    const guest_hash = c.req.header("guest");
    const stranger = guest_hash ? { kind: "guest", guest_hash, store_roles: [] } : ANONYMOUS;
    const actor = c.req.header("staff") ? { kind: "user", user_id: "u", role: "admin", store_roles: [] } : stranger;
    await withContext({ request_id: "r", actor, deadline: Date.now() + 1000 }, next);
  });
  app.use("/any", limits.general());
  app.all("/any", (c) => c.text("ok"));
  app.post("/login", limits.perAddress("login_address"), async (c) => {
    await limits.takeAccount(c, "login_account", await c.req.text());
    return c.text("ok");
  });
  app.post("/account", async (c) => {
    await limits.takeAccount(c, "login_account", await c.req.text());
    return c.text("ok");
  });
  app.get("/export", limits.perPrincipal("export"), (c) => c.text("ok"));
  app.onError((error, c) => {
    if (!(error instanceof NanoError)) throw error;
    if (error.extras.retry_after) c.header("Retry-After", String(error.extras.retry_after));
    return c.text(error.code, error.kind === "too_many" ? 429 : 500);
  });
  return app;
}

async function statuses(count: number, request: () => Response | Promise<Response>): Promise<Record<number, number>> {
  const responses = await Promise.all(Array.from({ length: count }, request));
  return Object.fromEntries(
    [...Map.groupBy(responses, (response) => response.status)].map(([status, list]) => [status, list.length]),
  );
}

describe("createRateLimits() with a Redis that is late for some", () => {
  it("lets no more through than the quota, whoever counted", async () => {
    let [left, asked] = [5, 0];
    // Late: it counts what it is asked, but half of the answers nobody waits for.
    const evaluate = () => {
      const allowed = left-- > 0;
      const answer = allowed ? [1, Math.max(left, 0), 0, 60 * SECOND] : [0, 0, 12 * SECOND, 60 * SECOND];
      return asked++ % 2 ? Promise.reject(new Error("Command timed out")) : Promise.resolve(answer);
    };
    const redis = { eval: evaluate } as unknown as RateLimitDeps["cache"]["redis"];
    const limited = app(1, {}, 1, redis);
    const answers = await statuses(50, () => limited.request("/account", { method: "POST", body: "ada@example.com" }));
    expect(answers).toEqual({ 200: 5, 429: 45 });
  });
});

describe("createRateLimits() without Redis", () => {
  it("lets 600 reads and 60 writes a minute through, and 300 writes of staff", async () => {
    const limited = app();
    // On a busy machine 650 requests take so long that a few more are let through: one each 100 ms.
    const reads = await statuses(650, () => limited.request("/any"));
    expect(reads[200]).toBeGreaterThanOrEqual(600);
    expect(reads[429]).toBeGreaterThan(0);
    expect(await statuses(100, () => limited.request("/any", { method: "POST" }))).toEqual({ 200: 60, 429: 40 });
    expect(await statuses(400, () => limited.request("/any", { method: "POST", headers: { staff: "1" } }))).toEqual({
      200: 300,
      429: 100,
    });
  });

  it("counts each network by itself", async () => {
    const limited = app();
    const write = (address: string) => () => limited.request("/any", { method: "POST", headers: { address } });
    expect(await statuses(70, write("192.0.2.1"))).toEqual({ 200: 60, 429: 10 });
    expect(await statuses(70, write("2001:db8::1"))).toEqual({ 200: 60, 429: 10 });
    expect(await statuses(5, write("2001:db8::2"))).toEqual({ 429: 5 });
    expect(await statuses(5, write("192.0.2.2"))).toEqual({ 200: 5 });
  });

  it("counts what guests read and write by network too, as tokens are made at will", async () => {
    const limited = app(1, { RATE_LIMIT_GUEST_NETWORK_READ: 7, RATE_LIMIT_GUEST_NETWORK: 5 });
    let number = 0;
    const ask = (method: string, address: string) => () =>
      limited.request("/any", { method, headers: { address, guest: `g${number++}` } });
    expect(await statuses(10, ask("GET", "192.0.2.1"))).toEqual({ 200: 7, 429: 3 });
    expect(await statuses(10, ask("POST", "192.0.2.1"))).toEqual({ 200: 5, 429: 5 });
    expect(await statuses(5, ask("GET", "192.0.2.2"))).toEqual({ 200: 5 });
  });

  it("counts logins by account, whatever its spelling, and by address", async () => {
    const limited = app();
    const login = (body: string, address: string) => () =>
      limited.request("/login", { method: "POST", body, headers: { address } });
    expect(await statuses(4, login("Ada@Shop.test", "192.0.2.1"))).toEqual({ 200: 4 });
    expect(await statuses(4, login(" ada@shop.test", "192.0.2.2"))).toEqual({ 200: 1, 429: 3 });
    let number = 0;
    expect(await statuses(30, () => login(`${number++}@shop.test`, "192.0.2.3")())).toEqual({ 200: 20, 429: 10 });
  });

  it("lets one's data be exported 5 times an hour", async () => {
    const limited = app();
    const answers = await Promise.all(Array.from({ length: 6 }, () => limited.request("/export")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    const [first, , , , , last] = answers;
    expect(first?.headers.get("RateLimit-Policy")).toBe('"export";q=5;w=3600');
    expect(first?.headers.get("RateLimit")).toMatch(/^"export";r=4;t=7(20|19)$/);
    expect(last?.headers.get("Retry-After")).toMatch(/^7(20|19)$/);
  });

  it("says how much is left, and when to come back", async () => {
    const limited = app();
    const first = await limited.request("/any", { method: "POST" });
    expect(first.headers.get("RateLimit-Policy")).toBe('"write";q=60;w=60');
    expect(first.headers.get("RateLimit")).toMatch(/^"write";r=59;t=[12]$/);
    const login = await limited.request("/login", { method: "POST", body: "a@b.test" });
    expect(login.headers.get("RateLimit-Policy")).toBe('"login_address";q=20;w=60, "login_account";q=5;w=60');
    await statuses(60, () => limited.request("/any", { method: "POST" }));
    const refused = await limited.request("/any", { method: "POST" });
    expect(await refused.text()).toBe("too_many_requests");
    expect(refused.headers.get("Retry-After")).toMatch(/^[12]$/);
    expect(refused.headers.get("RateLimit")).toMatch(/^"write";r=0;t=[12]$/);
  });

  it("takes a setting for each limit, and its share of what each gateway counts by itself", async () => {
    const limited = app(1, { RATE_LIMIT_WRITE: 9, RATE_LIMIT_LOGIN_ADDRESS: 8 }, 3);
    expect(await statuses(10, () => limited.request("/any", { method: "POST" }))).toEqual({ 200: 3, 429: 7 });
    let number = 0;
    const login = () => limited.request("/login", { method: "POST", body: `${number++}@shop.test` });
    expect(await statuses(10, login)).toEqual({ 200: 8, 429: 2 });
  });

  it("multiplies by the scale; 0 turns all off", async () => {
    expect(await statuses(30, () => scaled.request("/any", { method: "POST" }))).toEqual({ 200: 6, 429: 24 });
    const off = await app(0).request("/any");
    expect(off.headers.get("RateLimit")).toBe(null);
  });
  const scaled = app(0.1);
});
