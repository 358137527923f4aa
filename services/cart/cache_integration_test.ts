import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { Redis } from "ioredis";
import { createCache } from "../shared/redis.ts";
import { createLog } from "../shared/log.ts";
import { testRedis } from "../shared/testing.ts";
import { createCartCache } from "./cache.ts";
import type { Principal, StoredCart } from "./cart.ts";
import { as, type CartHouse, someone, startCarts, STORE } from "./testing.ts";

const user: Principal = { kind: "user", id: "u1" };
const cart = (version: number): StoredCart => ({ id: "c1", version, lines: [] });

describe("the cache of carts", () => {
  const redis = { url: "" };
  before(async () => {
    redis.url = (await testRedis()).url;
  });

  /** A cache as a process of its own has it. */
  async function openCache() {
    const cache = createCache({ REDIS_URL: redis.url }, createLog("cart", { LOG_LEVEL: "ERROR" }));
    await new Promise((resolve) => cache.redis?.once("ready", resolve));
    return { ...createCartCache(cache), close: () => cache.close() };
  }
  const versionOf = async (
    cache: ReturnType<typeof createCartCache>,
    store_id: string,
    load: () => Promise<StoredCart | undefined>,
  ) => (await cache.read(store_id, user, load))?.version;

  it("asks the database once, and again after a change of another process", async () => {
    const [one, other] = [await openCache(), await openCache()];
    let asked = 0;
    const load = (version: number) => () => (asked++, Promise.resolve(cart(version)));
    expect([await versionOf(one, "s1", load(1)), await versionOf(other, "s1", load(9)), asked]).toEqual([1, 1, 1]);
    await other.changing([{ store_id: "s1", principal: user }], () => Promise.resolve());
    expect([await versionOf(one, "s1", load(2)), asked]).toEqual([2, 2]);
    await Promise.all([one.close(), other.close()]);
  });

  it("does not keep what was read before a change that ended meanwhile", async () => {
    const [one, other] = [await openCache(), await openCache()];
    const slow = versionOf(one, "s2", async () => {
      await other.changing([{ store_id: "s2", principal: user }], () => Promise.resolve());
      return cart(1);
    });
    expect(await slow).toBe(1);
    expect(await versionOf(other, "s2", () => Promise.resolve(cart(2)))).toBe(2);
    await Promise.all([one.close(), other.close()]);
  });

  it("keeps nothing that is read while a change is under way", async () => {
    const one = await openCache();
    await one.changing([{ store_id: "s3", principal: user }], async () => {
      expect(await versionOf(one, "s3", () => Promise.resolve(cart(1)))).toBe(1);
      expect(await versionOf(one, "s3", () => Promise.resolve(cart(2)))).toBe(2);
    });
    expect(await versionOf(one, "s3", () => Promise.resolve(cart(3)))).toBe(3);
    await one.close();
  });
});

describe("carts with Redis", () => {
  let house: CartHouse;
  let admin: Redis;
  before(async () => {
    const { url } = await testRedis();
    admin = new Redis(url);
    house = await startCarts(url);
  });
  after(async () => {
    admin.disconnect();
    await house.close();
  });

  it("show a change through one process to readers of another at once", async () => {
    const actor = someone();
    const { variant_id } = house.neighbours.sell();
    for (let quantity = 1; quantity <= 20; quantity++) {
      const [writer, reader] = quantity % 2 ? [house.cart, house.cart2] : [house.cart2, house.cart];
      await Promise.all([
        as(actor, () => writer.addItem({ store_id: STORE, variant_id, quantity: 1 })),
        as(actor, () => reader.getCart({ store_id: STORE })),
      ]);
      expect((await as(actor, () => reader.getCart({ store_id: STORE }))).item_count).toBe(quantity);
    }
    expect((await admin.keys("cart:*")).length).toBeGreaterThan(0);
  });

  it("lose nothing when Redis is flushed in mid-use", async () => {
    const actor = someone();
    const { variant_id } = house.neighbours.sell();
    for (let quantity = 1; quantity <= 20; quantity++) {
      const add = as(actor, () => house.cart.addItem({ store_id: STORE, variant_id, quantity: 1 }));
      await Promise.all([add, admin.flushdb()]);
      expect((await as(actor, () => house.cart2.getCart({ store_id: STORE }))).item_count).toBe(quantity);
    }
  });
});

describe("carts whose Redis is stopped in mid-use", () => {
  it("go on without an error, and show nothing old when it is back", async () => {
    const port = freePort();
    let redis = await startRedis(port);
    const house = await startCarts(`redis://127.0.0.1:${port}`);
    try {
      const actor = someone();
      const { variant_id } = house.neighbours.sell();
      const add = () => as(actor, () => house.cart.addItem({ store_id: STORE, variant_id, quantity: 1 }));
      const count = async () => (await as(actor, () => house.cart2.getCart({ store_id: STORE }))).item_count;
      await add();
      expect(await count()).toBe(1);
      await stopRedis(redis);
      await Promise.all([add(), add()]);
      expect(await count()).toBe(3);
      redis = await startRedis(port);
      await add();
      expect(await count()).toBe(4);
    } finally {
      await stopRedis(redis);
      await house.close();
    }
  });
});

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

async function startRedis(port: number): Promise<Deno.ChildProcess> {
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    Deno.makeTempDirSync(),
  ];
  const child = new Deno.Command("redis-server", { args, stdout: "null", stderr: "null" }).spawn();
  const probe = new Redis(port, "127.0.0.1", { retryStrategy: () => 20 });
  probe.on("error", () => {});
  await new Promise((resolve) => probe.once("ready", resolve));
  probe.disconnect();
  return child;
}

async function stopRedis(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended */ }
  await child.status;
}
