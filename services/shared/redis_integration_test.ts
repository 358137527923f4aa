import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { createLog } from "./log.ts";
import { type Cache, createCache } from "./redis.ts";
import { testRedis } from "./testing.ts";

const log = createLog("test", { LOG_LEVEL: "ERROR" });

async function ready(cache: Cache): Promise<Cache> {
  for (let i = 0; cache.redis?.status !== "ready"; i++) {
    if (i > 400) throw new Error("Redis was not reached");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return cache;
}

describe("a cache", () => {
  let cache: Cache;

  before(async () => {
    cache = await ready(createCache({ REDIS_URL: (await testRedis()).url }, log));
  });
  after(() => cache?.close());

  it("keeps a value, for its time only, and forgets it when told", async () => {
    await cache.set("a", "☃", 60);
    expect(await cache.get("a")).toBe("☃");
    expect(await cache.redis?.ttl("a")).toBeGreaterThan(0);
    await cache.set("b", "2", 60);
    await cache.delete("a", "b");
    expect([await cache.get("a"), await cache.get("b")]).toEqual([undefined, undefined]);
  });

  it("tells an empty value from none", async () => {
    await cache.set("empty", "", 60);
    expect(await cache.get("empty")).toBe("");
    expect(await cache.get("none")).toBe(undefined);
  });

  it("deletes nothing where no key is named", async () => {
    await cache.set("stays", "1", 60);
    await cache.delete();
    expect(await cache.get("stays")).toBe("1");
  });

  it("survives a flush", async () => {
    await cache.set("gone", "1", 60);
    await cache.redis?.flushdb();
    expect(await cache.get("gone")).toBe(undefined);
  });

  it("misses where Redis answers with an error", async () => {
    await cache.redis?.lpush("list", "x");
    expect(await cache.get("list")).toBe(undefined);
  });
});

/** Something that is reached like Redis but never answers, until it is closed. */
function silentServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) connections.push(connection);
  })().catch(() => {});
  return {
    url: `redis://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    close: () => {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

describe("without Redis", () => {
  const nowhere: [name: string, config: { REDIS_URL?: string }][] = [
    ["that was never named", {}],
    ["that nobody runs", { REDIS_URL: "redis://127.0.0.1:1" }],
  ];
  for (const [name, config] of nowhere) {
    it(`${name}, reads miss and writes do nothing`, async () => {
      const cache = createCache(config, createLog("test", { LOG_LEVEL: "ERROR" }));
      await cache.set("a", "1", 60);
      expect(await cache.get("a")).toBe(undefined);
      await cache.delete("a");
      await cache.close();
    });
  }

  it("that hangs, a read misses instead of hanging too", async () => {
    const server = silentServer();
    const cache = createCache({ REDIS_URL: server.url }, log);
    await cache.set("a", "1", 60);
    expect(await cache.get("a")).toBe(undefined);
    await cache.close();
    server.close();
  });
});
