import { countReads } from "../shared/cache_metrics.ts";
import type { Cache } from "../shared/redis.ts";
import type { Principal, StoredCart } from "./cart.ts";

/** Redis before the rows of open carts. */
export interface CartCache {
  /** The cart, from Redis if it is there, else by `load`. */
  read(
    store_id: string,
    principal: Principal,
    load: () => Promise<StoredCart | undefined>,
  ): Promise<StoredCart | undefined>;
  /** Runs a change of these carts so that nobody is shown what it replaces once it is done. */
  changing<T>(carts: { store_id: string; principal: Principal }[], change: () => Promise<T>): Promise<T>;
}

const reads = countReads("cart");

/** So long a cart may be shown as it was, should the process that changed it lose Redis at that very moment. */
const FRESH_S = 5;
/** Longer than any change or read may take. */
const MARK_S = 15;
const MAX_MISSED = 10_000;

/** Sets the value only where the reader's own mark still stands: a change in the meantime has taken it away. */
const FILL =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('set', KEYS[1], ARGV[2], 'ex', ARGV[3]) end";

/**
 * PostgreSQL is the truth. A key holds a cart as JSON, or a mark. A reader that misses leaves a mark of its own, reads,
 * and fills only over that mark. A writer marks the key before its transaction ends (so that a crash right after it
 * leaves no old value) and deletes it when it is done. Redis away means a miss; a deletion that could not be told is
 * told when Redis is back, and until then this process does not look there.
 */
export function createCartCache(cache: Pick<Cache, "redis">): CartCache {
  const { redis } = cache;
  if (!redis) return { read: (_store_id, _principal, load) => load(), changing: (_carts, change) => change() };
  const missed = new Set<string>();
  redis.on("ready", () => {
    for (const key of missed) redis.del(key).then(() => missed.delete(key), () => {});
  });

  return {
    async read(store_id, principal, load) {
      const key = keyOf(store_id, principal);
      if (missed.has(key)) return await load();
      const found = await redis.get(key).catch(() => undefined);
      if (found?.startsWith("{")) {
        reads.hit();
        return JSON.parse(found) as StoredCart;
      }
      reads.miss();
      const mark = `reading ${crypto.randomUUID()}`;
      const marked = found === null && await redis.set(key, mark, "EX", MARK_S, "NX").catch(() => null) === "OK";
      const cart = await load();
      // No cart is not kept: it costs no more to look it up, and a stranger's guesses fill no memory.
      if (marked && cart) await redis.eval(FILL, 1, key, mark, JSON.stringify(cart), FRESH_S).catch(() => {});
      return cart;
    },

    async changing(carts, change) {
      const keys = carts.map(({ store_id, principal }) => keyOf(store_id, principal));
      await Promise.allSettled(keys.map((key) => redis.set(key, "changing", "EX", MARK_S)));
      try {
        return await change();
      } finally {
        await Promise.all(keys.map((key) => redis.del(key).then(() => missed.delete(key), () => miss(key))));
      }
    },
  };

  function miss(key: string): void {
    if (missed.size < MAX_MISSED) missed.add(key);
  }
}

function keyOf(store_id: string, { kind, id }: Principal): string {
  return `cart:${store_id}:${kind}:${id}`;
}
