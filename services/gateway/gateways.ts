import { newId } from "../shared/ids.ts";
import type { Cache } from "../shared/redis.ts";

/** How often a gateway says that it lives, and how long that is believed. */
const BEAT_MS = 2_000;
const ALIVE_MS = 7_000;
const KEY = "gateways";

/** Says that this one lives, forgets the silent ones, and counts who is left, by Redis's clock. */
const BEAT = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[2])
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return redis.call("ZCARD", KEYS[1])`;

/** Knows how many gateways share the work. */
export interface Gateways {
  /** At least 1. Without Redis this one counts as the only one; while Redis is away the last count stays. */
  count(): number;
  /** Counts now rather than at the next beat. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

/** Counts the gateways that live, by a heartbeat of each in Redis. */
export function countGateways(cache: Pick<Cache, "redis">, every = BEAT_MS): Gateways {
  const { redis } = cache;
  if (!redis) return { count: () => 1, beat: () => Promise.resolve(), close: () => Promise.resolve() };
  const id = newId();
  let known = 1;
  const beat = async () => {
    const counted = await redis.eval(BEAT, 1, KEY, id, ALIVE_MS).catch(() => known);
    known = Math.max(1, Number(counted));
  };
  const timer = setInterval(beat, every);
  redis.once("ready", beat);
  return {
    count: () => known,
    beat,
    async close() {
      clearInterval(timer);
      await redis.zrem(KEY, id).catch(() => {});
    },
  };
}
