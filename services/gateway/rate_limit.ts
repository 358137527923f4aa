import { createMiddleware } from "@hono/hono/factory";
import { isIPv6 } from "node:net";
import { currentActor, isStaffOrKey } from "../shared/auth.ts";
import { NanoError } from "../shared/errors.ts";
import { sha256 } from "../shared/ids.ts";
import { counter } from "../shared/metrics.ts";
import type { Cache } from "../shared/redis.ts";
import type { Env, RequestContext } from "./env.ts";

/** What is allowed per key and minute, or `window_s`. `shared` ones are counted by all gateways together, in Redis. */
export const LIMITS = {
  login_account: { quota: 5, shared: true },
  login_address: { quota: 20, shared: true },
  register: { quota: 10, shared: true },
  mail: { quota: 5, shared: true },
  link: { quota: 20, shared: true },
  export: { quota: 5, shared: true, window_s: 3600 },
  checkout: { quota: 10, shared: true },
  read: { quota: 600, shared: false },
  write: { quota: 60, shared: false },
  guest_network: { quota: 600, shared: false },
  guest_network_read: { quota: 6000, shared: false },
  credentials: { quota: 600, shared: false },
  admin: { quota: 300, shared: false },
} as const;

/** The name of a limit, as RateLimit-Policy tells it. */
export type LimitName = keyof typeof LIMITS;

const limited = counter("nano_rate_limited_total", "Requests over a rate limit, by its name.", ["limit"]);

const WINDOW_S = 60;
const WINDOW_US = WINDOW_S * 1_000_000;
const MAX_BUCKETS = 50_000;

/** The window of a limit in seconds. */
function windowOf(name: LimitName): number {
  const limit = LIMITS[name];
  return "window_s" in limit ? limit.window_s : WINDOW_S;
}

/** What a limit says to one request; times in microseconds. */
export interface Decision {
  allowed: boolean;
  remaining: number;
  /** Until the next request would be allowed; 0 if this one is. */
  retry_after: number;
  /** Until the whole quota is there again. */
  reset: number;
}

/**
 * The generic cell rate algorithm: `arrival` is the theoretical arrival time of the request before. Gives the new one.
 * A quota may be used at once; then requests are allowed as it refills evenly, exactly `quota` per window.
 */
export function gcra(arrival: number, now: number, quota: number, window = WINDOW_US): Decision & { arrival: number } {
  const interval = window / quota;
  const next = Math.max(arrival, now) + interval;
  const wait = next - window - now;
  // Half a microsecond: what sums of fractions may be off.
  if (wait > 0.5) return { allowed: false, remaining: 0, retry_after: wait, reset: arrival - now, arrival };
  const remaining = Math.floor((window - (next - now) + 0.5) / interval);
  return { allowed: true, remaining, retry_after: 0, reset: next - now, arrival: next };
}

/** The same by Redis's clock, in one script, so that any number of clients at once are counted exactly. */
const SCRIPT = `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local window, interval = tonumber(ARGV[1]), tonumber(ARGV[1]) / tonumber(ARGV[2])
local arrival = tonumber(redis.call("GET", KEYS[1]) or 0)
local next = math.max(arrival, now) + interval
local wait = next - window - now
if wait > 0.5 then return {0, 0, math.ceil(wait), math.ceil(arrival - now)} end
redis.call("SET", KEYS[1], string.format("%.3f", next), "PX", math.ceil((next - now) / 1000))
return {1, math.floor((window - (next - now) + 0.5) / interval), 0, math.ceil(next - now)}`;

/** What limits are made of. */
export interface RateLimitDeps {
  cache: Pick<Cache, "redis">;
  config: { RATE_LIMIT_SCALE: number } & Partial<Record<`RATE_LIMIT_${Uppercase<LimitName>}`, number | undefined>>;
  /** How many gateways share the limits that each counts by itself; 1 if unset. */
  gateways?: { count(): number };
}

/** Rate limits as middleware. Without Redis, or while it is away, each gateway counts by itself, as strictly. */
export function createRateLimits({ cache, config, gateways }: RateLimitDeps) {
  const scale = config.RATE_LIMIT_SCALE;
  const local = createBuckets();
  const quotas = Object.fromEntries(
    Object.entries(LIMITS).map(([name, { quota }]) => [
      name,
      (config[`RATE_LIMIT_${name.toUpperCase() as Uppercase<LimitName>}`] ?? quota) * scale,
    ]),
  ) as Record<LimitName, number>;

  async function decide(name: LimitName, key: string, quota: number): Promise<Decision> {
    const bucket = `rate:${name}:${key}`;
    const window = windowOf(name) * 1_000_000;
    if (!LIMITS[name].shared || !cache.redis) return local(bucket, quota, window);
    try {
      const answer = await cache.redis.eval(SCRIPT, 1, bucket, window, quota) as [number, number, number, number];
      const [allowed, remaining, retry_after, reset] = answer;
      // Counted here too: else a Redis that is late for some of many at once would let a quota through, and so would we.
      if (allowed === 1) local(bucket, quota, window);
      return { allowed: allowed === 1, remaining, retry_after, reset };
    } catch {
      return local(bucket, quota, window);
    }
  }

  /** What this gateway lets through in the limit's window: of what each counts by itself only its share. */
  function quotaOf(name: LimitName): number {
    const share = LIMITS[name].shared ? 1 : gateways?.count() ?? 1;
    return Math.max(1, Math.round(quotas[name] / share));
  }

  /** Counts a request. Throws `too_many_requests` (429) beyond the limit. */
  async function take(c: RequestContext, name: LimitName, key: string): Promise<void> {
    if (scale === 0) return;
    const quota = quotaOf(name);
    const { allowed, remaining, retry_after, reset } = await decide(name, key, quota);
    c.header("RateLimit-Policy", `"${name}";q=${quota};w=${windowOf(name)}`, { append: true });
    c.header("RateLimit", `"${name}";r=${remaining};t=${seconds(allowed ? reset : retry_after)}`, { append: true });
    if (!allowed) {
      limited.inc({ limit: name });
      throw new NanoError("too_many", "too_many_requests", "Too many requests. Try again later.", {
        retry_after: Math.max(1, seconds(retry_after)),
      });
    }
  }

  const takeNetwork = (c: RequestContext, name: LimitName) => take(c, name, networkOf(c.get("address")));

  const by = (name: LimitName, keyOf: (c: RequestContext) => string) =>
    createMiddleware<Env>(async (c, next) => {
      await take(c, name, keyOf(c));
      await next();
    });

  /** Counts a stranger's read, at once: what to tell of it; nothing where there are no limits. */
  function read(address: string): { policy: string; state: string } | "refused" | undefined {
    if (scale === 0) return undefined;
    const quota = quotaOf("read");
    const { allowed, remaining, reset } = local(`rate:read:${networkOf(address)}`, quota);
    if (!allowed) return "refused";
    return { policy: `"read";q=${quota};w=${WINDOW_S}`, state: `"read";r=${remaining};t=${seconds(reset)}` };
  }

  return {
    take,
    read,
    /** Counts by account: a hash of its e-mail address, as Redis is no place for these. */
    takeAccount: async (c: RequestContext, name: LimitName, email: string) =>
      await take(c, name, await sha256(email.trim().toLowerCase())),
    /** Counts by the client's network. */
    takeNetwork,
    /** The same as middleware. */
    perAddress: (name: LimitName) => by(name, (c) => networkOf(c.get("address"))),
    /** Counts by user, by secret key, by guest, or for a stranger by network. */
    perPrincipal: (name: LimitName) => by(name, principalOf),
    /**
     * For every route: reads and writes of each principal; staff may write more. Guests make tokens at will, so theirs
     * are counted by network too: ten times as many, as an office or a mobile network is many guests.
     */
    general: () =>
      createMiddleware<Env>(async (c, next) => {
        const name = generalLimit(c);
        if (currentActor().kind === "guest") {
          await takeNetwork(c, name === "read" ? "guest_network_read" : "guest_network");
        }
        await take(c, name, principalOf(c));
        await next();
      }),
  };
}

/** The one set of limits of a gateway: its local counts are worth something only if every route shares them. */
export type RateLimits = ReturnType<typeof createRateLimits>;

/** What counts as one client: an IPv4 address, or the /64 that an IPv6 client has to itself. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail] = address.split("%")[0]?.toLowerCase().split("::") ?? [];
  const front = head.split(":").filter((group) => group !== "");
  const back = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill("0");
  const groups = [...front, ...zeros, ...back].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
}

function principalOf(c: RequestContext): string {
  const { api_key, user_id, guest_hash } = currentActor();
  return api_key?.id ?? user_id ?? guest_hash ?? networkOf(c.get("address"));
}

function generalLimit(c: RequestContext): LimitName {
  if (["GET", "HEAD", "OPTIONS"].includes(c.req.method)) return "read";
  return isStaffOrKey(currentActor()) ? "admin" : "write";
}

function seconds(microseconds: number): number {
  return Math.max(0, Math.ceil(microseconds / 1_000_000));
}

/** Buckets in this process's memory. When there are too many, those that are full again go, then the oldest. */
function createBuckets() {
  const arrivals = new Map<string, number>();
  return (key: string, quota: number, window?: number): Decision => {
    const now = performance.now() * 1000;
    if (arrivals.size >= MAX_BUCKETS && !arrivals.has(key)) tidy(arrivals, now);
    const { arrival, ...decision } = gcra(arrivals.get(key) ?? 0, now, quota, window);
    arrivals.delete(key);
    arrivals.set(key, arrival);
    return decision;
  };
}

function tidy(arrivals: Map<string, number>, now: number): void {
  for (const [key, arrival] of arrivals) if (arrival <= now) arrivals.delete(key);
  for (const key of arrivals.keys()) {
    if (arrivals.size < MAX_BUCKETS * 0.9) break;
    arrivals.delete(key);
  }
}
