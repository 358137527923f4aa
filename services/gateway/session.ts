import { errors, jwtVerify } from "jose";
import type { Session } from "../../proto/gen/nano/user/v1/user.ts";
import { NanoError, unauthenticated } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import type { Cache } from "../shared/redis.ts";
import { remember } from "../shared/remember.ts";

const LEEWAY_S = 30;
const ALIVE_S = 5;
const MEMORY_MS = 1_000;
const MAX_REMEMBERED = 10_000;
const DEAD = "dead";

/** What sessions are checked with. */
export interface SessionDeps {
  config: { JWT_SECRET: string; JWT_EXPIRATION: number };
  cache: Pick<Cache, "redis">;
  user: { checkSession(request: { session_id: string }): Promise<Session> };
}

/** Tells whose a bearer token is, and that its session lives. */
export interface Sessions {
  /** The live session of an access token. Throws `invalid_token` (401) for any other token. */
  check(token: string): Promise<Session>;
  /** Tells this gateway and Redis of sessions that PostgreSQL already knows to be dead. */
  kill(session_ids: string[]): Promise<void>;
  /** Forgets what caches hold of a session, after its user changed. */
  forget(session_id: string): Promise<void>;
}

/**
 * Checks access tokens. A session's state comes from Redis (alive for 5 s, dead as long as a token lives), else from
 * one user.CheckSession; without Redis the answer serves for 1 s. What this gateway killed it remembers itself, so a
 * Redis that is flushed or away brings nothing back to life.
 */
export function createSessions({ config, cache, user }: SessionDeps): Sessions {
  const secret = new TextEncoder().encode(config.JWT_SECRET);
  const deadFor = config.JWT_EXPIRATION + LEEWAY_S;
  const dead = remember<true>(deadFor * 1000, MAX_REMEMBERED);
  const alive = remember<Session>(MEMORY_MS, MAX_REMEMBERED);

  async function read(sid: string): Promise<{ found?: Session | typeof DEAD; away: boolean }> {
    if (!cache.redis) return { away: true };
    try {
      const text = await cache.redis.get(key(sid));
      if (text === null) return { away: false };
      return { found: text === DEAD ? DEAD : JSON.parse(text) as Session, away: false };
    } catch {
      return { away: true };
    }
  }

  async function ask(sid: string): Promise<Session> {
    try {
      return await user.checkSession({ session_id: sid });
    } catch (error) {
      if (error instanceof NanoError && error.kind === "unauthenticated") await bury([sid]);
      throw error;
    }
  }

  async function bury(sids: string[]): Promise<void> {
    for (const sid of sids) {
      dead.set(sid, true);
      alive.delete(sid);
    }
    await Promise.allSettled(sids.map((sid) => cache.redis?.set(key(sid), DEAD, "EX", deadFor)));
  }

  return {
    check: async (token) => {
      const sid = await verify(token, secret);
      if (dead.get(sid)) throw invalidToken();
      const { found, away } = await read(sid);
      if (found === DEAD) {
        dead.set(sid, true);
        throw invalidToken();
      }
      const known = found ?? (away ? alive.get(sid) : undefined);
      if (known) return known;
      const session = await ask(sid);
      // Killed while the answer was under way: the answer is older than the death.
      if (dead.get(sid)) throw invalidToken();
      if (away) alive.set(sid, session);
      // NX: another gateway's `dead`, written meanwhile, stays.
      else await cache.redis?.set(key(sid), JSON.stringify(session), "EX", ALIVE_S, "NX").catch(() => {});
      return session;
    },
    kill: bury,
    forget: async (sid) => {
      alive.delete(sid);
      if (!dead.get(sid)) await cache.redis?.del(key(sid)).catch(() => {});
    },
  };
}

/** The session id of a token that the user service signed. Its header decides nothing: algorithm and key are ours. */
async function verify(token: string, secret: Uint8Array): Promise<string> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ["HS256"],
      issuer: "nano",
      audience: "nano",
      clockTolerance: LEEWAY_S,
      requiredClaims: ["exp", "iat", "sub", "jti", "sid"],
    });
    const { sid } = payload;
    if (typeof sid === "string" && isId(sid)) return sid.toLowerCase();
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    if (error instanceof errors.JWTExpired) throw unauthenticated("token_expired", "The access token has expired.");
  }
  throw invalidToken();
}

function invalidToken(): NanoError {
  return unauthenticated("invalid_token", "The access token is not valid, or its session has ended.");
}

function key(sid: string): string {
  return `session:${sid}`;
}
