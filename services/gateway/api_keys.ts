import type { ApiKey } from "../../proto/gen/nano/user/v1/user.ts";
import { NanoError, unauthenticated } from "../shared/errors.ts";
import { sha256 } from "../shared/ids.ts";
import type { Cache } from "../shared/redis.ts";
import { remember } from "../shared/remember.ts";

const FRESH_MS = 1_000;
/** A key that was good so lately is none that somebody made up. */
const PROVEN_MS = 10 * 60_000;
/** Longer than any answer about a live key may be under way or kept. */
const DEAD_S = 60;
const MAX_REMEMBERED = 10_000;
const KEY = /^nano_[ps]k_[\w-]{43}$/;

/** What keys are checked with. */
export interface ApiKeyDeps {
  cache: Pick<Cache, "redis">;
  user: { checkApiKey(request: { hash: string }): Promise<ApiKey> };
}

/** Tells what an API key is, and that it was not revoked. */
export interface ApiKeys {
  /**
   * The key. Throws `invalid_api_key` (401) for one that is unknown or revoked. Before it asks anybody about one that
   * was not good lately it runs `untried`, which may refuse.
   */
  check(key: string, untried?: () => Promise<void>): Promise<ApiKey>;
  /** Tells this gateway and Redis of a key that PostgreSQL already knows to be revoked. */
  kill(hash: string): Promise<void>;
}

/** Whether a bearer token has the form of an API key, and not of an access token. */
export function isApiKey(token: string): boolean {
  return token.startsWith("nano_");
}

/**
 * Checks API keys by one user.CheckApiKey, whose answer serves for 1 s, a refusal too. A revoked key is dead here at
 * once, and by its mark in Redis at every other gateway, which without Redis learns of it within the second.
 */
export function createApiKeys({ cache, user }: ApiKeyDeps): ApiKeys {
  const alive = remember<ApiKey>(FRESH_MS, MAX_REMEMBERED);
  const dead = remember<true>(DEAD_S * 1000, MAX_REMEMBERED);
  const unknown = remember<true>(FRESH_MS, MAX_REMEMBERED);
  const proven = remember<true>(PROVEN_MS, MAX_REMEMBERED);

  async function isDead(hash: string): Promise<boolean> {
    if (dead.get(hash)) return true;
    const marked = await cache.redis?.get(mark(hash)).catch(() => null);
    if (marked) bury(hash);
    return Boolean(marked);
  }

  function bury(hash: string): void {
    dead.set(hash, true);
    alive.delete(hash);
    proven.delete(hash);
  }

  async function ask(hash: string): Promise<ApiKey> {
    try {
      return await user.checkApiKey({ hash });
    } catch (error) {
      if (error instanceof NanoError && error.kind === "unauthenticated") {
        unknown.set(hash, true);
        proven.delete(hash);
      }
      throw error;
    }
  }

  return {
    check: async (token, untried) => {
      const hash = await sha256(token);
      if (!proven.get(hash)) await untried?.();
      if (!KEY.test(token) || unknown.get(hash) || await isDead(hash)) throw invalidApiKey();
      const known = alive.get(hash);
      if (known) return known;
      const key = await ask(hash);
      // Revoked while the answer was under way: the answer is older than the end.
      if (dead.get(hash)) throw invalidApiKey();
      alive.set(hash, key);
      proven.set(hash, true);
      return key;
    },
    kill: async (hash) => {
      bury(hash);
      await cache.redis?.set(mark(hash), "dead", "EX", DEAD_S).catch(() => {});
    },
  };
}

function mark(hash: string): string {
  return `api_key:${hash}`;
}

function invalidApiKey(): NanoError {
  return unauthenticated("invalid_api_key", "The API key is not valid, or was revoked.");
}
