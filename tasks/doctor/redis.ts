import { Redis } from "ioredis";
import { type Finding, ok, size, warning, wrong } from "./finding.ts";

/** Asks Redis how it is; undefined where it does not answer within 3 s. */
export async function readRedis(url: string): Promise<string | undefined> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3000,
    commandTimeout: 3000,
    retryStrategy: () => null,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await redis.info();
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}

/** Judges what INFO says. Without Redis the shop works, uncached. */
export function judgeRedis(address: string, info: string | undefined): Finding[] {
  if (info === undefined) {
    return [
      wrong("redis", `no answer from ${address}: the shop runs uncached, and slower`, "start it, or set REDIS_URL=off"),
    ];
  }
  const facts = new Map(info.split(/\r?\n/).map((line) => line.split(":") as [string, string]));
  const number = (name: string) => Number(facts.get(name) ?? 0);
  const version = facts.get("redis_version") ?? "0";
  const [used, limit, evicted] = [number("used_memory"), number("maxmemory"), number("evicted_keys")];
  const findings: Finding[] = [
    parseInt(version) < 7
      ? warning("redis", `${version} at ${address}; 7 or later is what was tried`, "install Redis 7 or later")
      : ok("redis", `${version} at ${address}, ${size(used)} used${limit ? ` of ${size(limit)}` : ""}`),
  ];
  const set = (name: string, value: string) => `deno task redis -- config set ${name} ${value}`;
  if (!limit) findings.push(warning("redis", "its memory has no limit", set("maxmemory", "256mb")));
  else if (facts.get("maxmemory_policy") === "noeviction") {
    findings.push(warning("redis", "once full it refuses writes", set("maxmemory-policy", "allkeys-lru")));
  }
  if (evicted > 0) {
    const more = size(limit * 2).replace(" MiB", "mb").replace(/(\.\d+)? GiB/, "gb");
    findings.push(warning("redis", `it threw out ${evicted} keys for want of memory`, set("maxmemory", more)));
  }
  return findings;
}
