import { Redis } from "ioredis";
import type { Log } from "./log.ts";
import { measureRedis } from "./redis_telemetry.ts";

/**
 * A cache that may vanish at any time: then reads miss and writes do nothing. Values are strings.
 * Every command has 50 ms.
 */
export interface Cache {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, seconds: number): Promise<void>;
  delete(...keys: string[]): Promise<void>;
  close(): Promise<void>;
  /** The client itself, for scripts; undefined without Redis. */
  redis: Redis | undefined;
}

/** Connects to Redis, or gives a cache that holds nothing where there is none. Never waits for the connection. */
export function createCache(config: { REDIS_URL?: string | undefined }, log: Log): Cache {
  if (!config.REDIS_URL) return noCache;
  const redis = new Redis(config.REDIS_URL, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 50,
    connectTimeout: 1_000,
    // Its INFO command would have the 50 ms too, and a process that has just started may be busy longer.
    enableReadyCheck: false,
    retryStrategy: (times) => Math.min(100 * times, 1_000),
  });
  measureRedis(redis);
  let away = false;
  redis.on("error", (error) => {
    if (!away) log.warn({ err: error }, "Redis is away: running uncached");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("Redis is back");
    away = false;
  });
  const quietly = <T>(work: Promise<T>) => work.catch(() => undefined);
  return {
    redis,
    get: async (key) => await quietly(redis.get(key)) ?? undefined,
    set: async (key, value, seconds) => void await quietly(redis.set(key, value, "EX", seconds)),
    delete: async (...keys) => void await quietly(redis.del(...keys)),
    close: () => Promise.resolve(redis.disconnect()),
  };
}

const noCache: Cache = {
  redis: undefined,
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
  delete: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
