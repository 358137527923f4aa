import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Hono } from "@hono/hono";
import { Redis } from "ioredis";
import { NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { type Cache, createCache } from "../shared/redis.ts";
import { testRedis } from "../shared/testing.ts";
import type { Env } from "./env.ts";
import { countGateways } from "./gateways.ts";
import { createRateLimits, type LimitName, LIMITS } from "./rate_limit.ts";

const caches: { redis: Redis }[] = [];

before(async () => {
  const { url } = await testRedis();
  // Without the 50 ms that a gateway gives Redis: a busy test machine would count locally.
  for (let i = 0; i < 3; i++) caches.push({ redis: new Redis(url) });
});
after(() => caches.forEach(({ redis }) => redis.disconnect()));

/** A gateway that counts logins of the account in the body. */
function gateway(cache: Pick<Cache, "redis">) {
  const limits = createRateLimits({ cache, config: { RATE_LIMIT_SCALE: 1 } });
  const app = new Hono<Env>();
  app.post("/", async (c) => {
    await limits.takeAccount(c, "login_account", await c.req.text());
    return c.text("ok");
  });
  app.onError((error, c) => c.text(error.message, error instanceof NanoError && error.kind === "too_many" ? 429 : 500));
  return (body: string) => app.request("/", { method: "POST", body });
}

describe("rate limits in Redis", () => {
  it("let exactly 5 of 50 clients at once through, over three gateways", async () => {
    const gateways = caches.map(gateway);
    const account = `${newId()}@shop.test`;
    const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => gateways[index % 3]?.(account)));
    expect(responses.filter((response) => response?.status === 200)).toHaveLength(5);
    expect(responses.filter((response) => response?.status === 429)).toHaveLength(45);
  });

  it("come back after the interval, by Redis's clock", async () => {
    const [cache] = caches;
    if (!cache) throw new Error("no cache");
    const [login, account] = [gateway(cache), `${newId()}@shop.test`];
    for (let i = 0; i < 6; i++) await login(account);
    const keys = await cache.redis?.keys("rate:login_account:*") ?? [];
    // As if 12 s had passed: the stored time is so much earlier.
    for (const key of keys) {
      await cache.redis?.set(key, String(Number(await cache.redis?.get(key)) - 12_000_000), "KEEPTTL");
    }
    expect((await login(account)).status).toBe(200);
    expect((await login(account)).status).toBe(429);
  });

  it("leave nothing behind: no e-mail address, and no key that outlives its window", async () => {
    const [cache] = caches;
    if (!cache) throw new Error("no cache");
    await gateway(cache)("someone@shop.test");
    for (const key of await cache.redis?.keys("*") ?? []) {
      expect(key).not.toContain("@");
      const left = await cache.redis?.pttl(key) ?? -1;
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(60_000);
    }
  });

  it("are as strict, here, when Redis is gone", async () => {
    const gone = createCache({ REDIS_URL: "redis://127.0.0.1:1" }, createLog("gateway", { LOG_LEVEL: "ERROR" }));
    try {
      const [login, account] = [gateway(gone), `${newId()}@shop.test`];
      const responses = await Promise.all(Array.from({ length: 20 }, () => login(account)));
      expect(responses.filter((response) => response.status === 200)).toHaveLength(5);
    } finally {
      await gone.close();
    }
  });
});

describe("the limits that all gateways count together", () => {
  const shared = (Object.keys(LIMITS) as LimitName[]).filter((name) => LIMITS[name].shared);
  for (const name of shared) {
    it(`let exactly ${LIMITS[name].quota} of 50 clients at once through: ${name}`, async () => {
      const key = newId();
      const doors = caches.map((cache) => {
        const limits = createRateLimits({ cache, config: { RATE_LIMIT_SCALE: 1 } });
        const app = new Hono<Env>();
        app.get("/", async (c) => {
          await limits.take(c, name, key);
          return c.text("ok");
        });
        app.onError((error, c) => c.text("", error instanceof NanoError && error.kind === "too_many" ? 429 : 500));
        return app;
      });
      const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => doors[index % 3]?.request("/")));
      expect(responses.filter((response) => response?.status === 200).length).toBe(LIMITS[name].quota);
      expect(responses.filter((response) => response?.status === 500).length).toBe(0);
    });
  }
});

describe("countGateways()", () => {
  it("counts those that live, and stays at 1 without Redis", async () => {
    const counted = caches.map((cache) => countGateways(cache, 60_000));
    for (const gateways of counted) await gateways.beat();
    await counted[0]?.beat();
    expect(counted[0]?.count()).toBe(3);

    await counted[2]?.close();
    await counted[0]?.beat();
    expect(counted[0]?.count()).toBe(2);
    for (const gateways of counted) await gateways.close();
    expect(countGateways({ redis: undefined }).count()).toBe(1);
  });

  it("forgets a gateway that fell silent, by Redis's clock", async () => {
    const redis = caches[0]?.redis;
    if (!redis) throw new Error("no Redis");
    await redis.zadd("gateways", 1, "long-dead");
    const gateways = countGateways({ redis }, 60_000);
    await gateways.beat();
    expect(gateways.count()).toBe(1);
    await gateways.close();
  });
});
