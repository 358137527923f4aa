import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { Session } from "../../proto/gen/nano/user/v1/user.ts";
import { countReads } from "../shared/cache_metrics.ts";
import { NanoError, unauthenticated } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import type { Cache } from "../shared/redis.ts";
import { remember } from "../shared/remember.ts";
import { candidates } from "../shared/signing_keys.ts";

const reads = countReads("session");

const LEEWAY_S = 30;
const ALIVE_S = 5;
const MEMORY_MS = 1_000;
const MEMORY_OF_SIGNED_MS = 60_000;
const MAX_REMEMBERED = 10_000;
const DEAD = "dead";

/** What sessions are checked with. */
export interface SessionDeps {
  config: { JWT_SECRET: string; JWT_SECRET_PREVIOUS?: string | undefined; JWT_EXPIRATION: number };
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
  const secrets = [config.JWT_SECRET, config.JWT_SECRET_PREVIOUS].filter((secret) => secret !== undefined);
  const deadFor = config.JWT_EXPIRATION + LEEWAY_S;
  const dead = remember<true>(deadFor * 1000, MAX_REMEMBERED);
  const alive = remember<Session>(MEMORY_MS, MAX_REMEMBERED);
  const signed = remember<Claims>(MEMORY_OF_SIGNED_MS, MAX_REMEMBERED);

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

  async function find(sid: string): Promise<Session> {
    if (dead.get(sid)) throw invalidToken();
    const { found, away } = await read(sid);
    if (found === DEAD) {
      dead.set(sid, true);
      throw invalidToken();
    }
    const known = found ?? (away ? alive.get(sid) : undefined);
    if (known) {
      reads.hit();
      return known;
    }
    reads.miss();
    const session = await ask(sid);
    // Killed while the answer was under way: the answer is older than the death.
    if (dead.get(sid)) throw invalidToken();
    if (away) alive.set(sid, session);
    // NX: another gateway's `dead`, written meanwhile, stays.
    else await cache.redis?.set(key(sid), JSON.stringify(session), "EX", ALIVE_S, "NX").catch(() => {});
    return session;
  }

  /** A signature is checked once; whether the token has ended and its session lives, each time. */
  async function claimsOf(token: string): Promise<Claims> {
    const known = signed.get(token);
    if (known && known.exp + LEEWAY_S > Date.now() / 1000) return known;
    const claims = await verify(token, secrets);
    signed.set(token, claims);
    return claims;
  }

  return {
    check: async (token) => {
      const { sid, sub } = await claimsOf(token);
      const session = await find(sid);
      // Somebody else's session: never, whoever signed that.
      if (session.user_id.toLowerCase() !== sub) throw invalidToken();
      return session;
    },
    kill: bury,
    forget: async (sid) => {
      alive.delete(sid);
      if (!dead.get(sid)) await cache.redis?.del(key(sid)).catch(() => {});
    },
  };
}

/** What a token says: the session and whose it is. */
interface Claims {
  sid: string;
  sub: string;
  /** Its end, in seconds since 1970. */
  exp: number;
}

/**
 * Reads a token that the user service signed. Its header decides nothing: algorithm and keys are ours, and `kid` says
 * no more than which of ours to try.
 */
async function verify(token: string, secrets: readonly string[]): Promise<Claims> {
  const tried = candidates(secrets, kidOf(token));
  for (const [index, secret] of tried.entries()) {
    try {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
        algorithms: ["HS256"],
        issuer: "nano",
        audience: "nano",
        clockTolerance: LEEWAY_S,
        requiredClaims: ["exp", "iat", "sub", "jti", "sid"],
      });
      const { sid, sub = "", jti, exp = 0 } = payload;
      if (typeof sid !== "string" || !isId(sid) || !isId(sub) || typeof jti !== "string") break;
      return { sid: sid.toLowerCase(), sub: sub.toLowerCase(), exp };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      if (error instanceof errors.JWSSignatureVerificationFailed && index < tried.length - 1) continue;
      if (error instanceof errors.JWTExpired) throw unauthenticated("token_expired", "The access token has expired.");
      break;
    }
  }
  throw invalidToken();
}

function kidOf(token: string): unknown {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined;
  }
}

function invalidToken(): NanoError {
  return unauthenticated("invalid_token", "The access token is not valid, or its session has ended.");
}

function key(sid: string): string {
  return `session:${sid}`;
}
