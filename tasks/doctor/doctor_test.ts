import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { SERVICES } from "../processes.ts";
import { jobsSchema } from "../roles.ts";
import { readSettings } from "../shop/settings.ts";
import { judgeCertificates } from "./certificates.ts";
import type { Indexes, Role, Session } from "./database_facts.ts";
import { judgeIndexes, judgeMigrations, judgeRoles, judgeServer, judgeSessions, judgeSlow } from "./database_judge.ts";
import { type Finding, ok, printed, summary, warning, wrong } from "./finding.ts";
import { judgeQueues } from "./jobs.ts";
import { judgeClock, judgeDeno, judgeDisk, judgePort } from "./machine.ts";
import { judgeRedis } from "./redis.ts";
import { judgeServices } from "./services.ts";
import { judgeNames, judgeSecretFiles, judgeSettings } from "./settings.ts";

const levels = (findings: Finding | readonly Finding[]) => [findings].flat().map(({ level }) => level);
const GIB = 2 ** 30;

describe("a finding", () => {
  it("is one line, and below it what mends it", () => {
    expect(printed(ok("deno", "2.9.3"))).toBe("ok       deno         2.9.3");
    expect(printed(wrong("disk", "full", "make room"))).toBe("wrong    disk         full\n         → make room");
  });

  it("is counted in the last line", () => {
    expect(summary([ok("a", ""), ok("b", "")])).toBe("all is well (2 checks)");
    expect(summary([ok("a", ""), wrong("b", "", ""), warning("c", "", "")])).toBe("1 wrong, 1 warning, 1 ok");
  });
});

describe("the doctor's judgement of settings", () => {
  it("finds names that are none", () => {
    const example = "# words\n#PORT=1\nNAME=\n";
    expect(levels(judgeNames("PORT=2\nNAME=x\nOTEL_DENO=true", example))).toEqual(["ok"]);
    expect(judgeNames("PROT=2", example)).toMatchObject({ level: "warning", says: expect.stringContaining("PROT") });
  });

  it("finds weak secrets, and in production what sells for nothing", () => {
    expect(levels(judgeSettings(readSettings({})))).toEqual(["ok"]);
    expect(judgeSettings(readSettings({ DATABASE_ROLE_SECRET: "short" }))).toMatchObject([{ level: "warning" }]);
    const secret = "kXq3vT8yRbN5wZc7Lm2Hd9Pf4Gs6Jt1AeUo0iBnKxQrVyWzE";
    const production = {
      ENVIRONMENT: "production",
      DATABASE_URL: "postgres://u:p@h/d",
      JWT_SECRET: secret,
      DATABASE_ROLE_SECRET: `${secret}2`,
    };
    const risky = readSettings({ ...production, TEST_PAYMENTS: "on", RATE_LIMIT_SCALE: "0" });
    expect(levels(judgeSettings(risky))).toEqual(["warning", "warning", "warning"]);
  });

  it("finds secrets that others can read", () => {
    const files = [{ path: "a", mode: 0o100600 }, { path: "b", mode: 0o100644 }, { path: "c", mode: null }];
    expect(judgeSecretFiles(files)).toMatchObject([{ level: "warning", mend: "chmod 600 b" }]);
  });
});

describe("the doctor's judgement of the machine", () => {
  it("wants one Deno, free ports, room and a right clock", () => {
    expect(["2.9.3", "2.9.4"].map((version) => judgeDeno(version).level)).toEqual(["ok", "wrong"]);
    expect([true, false].map((free) => judgePort("GATEWAY_PORT", 8000, free).level)).toEqual(["ok", "wrong"]);
    expect([50, 3, 0.5].map((free) => judgeDisk(".nano", free * GIB).level)).toEqual(["ok", "warning", "wrong"]);
    expect([20, -3000, 40_000].map((off) => judgeClock(off).level)).toEqual(["ok", "warning", "wrong"]);
    expect(judgeClock(-3000).says).toBe("PostgreSQL's is 3 s behind");
  });

  it("finds certificates that are missing, have ended or end soon", () => {
    const day = 86_400;
    expect(levels(judgeCertificates("tls", { cart: 100 * day, order: 200 * day }))).toEqual(["ok"]);
    expect(levels(judgeCertificates("tls", { cart: undefined, order: -1, user: 3 * day }))).toEqual([
      "wrong",
      "wrong",
      "warning",
    ]);
  });
});

describe("the doctor's judgement of services and Redis", () => {
  it("names each process that is not ready", () => {
    expect(levels(judgeServices({ cart: 200, order: 200 }))).toEqual(["ok"]);
    expect(judgeServices({ cart: 200, order: 503, user: undefined }).map(({ says }) => says)).toEqual([
      "order is not ready",
      "user does not answer",
    ]);
  });

  it("finds a Redis that is away, old, unlimited, stuck when full, or too small", () => {
    const info = (facts: Record<string, unknown>) =>
      Object.entries({ redis_version: "7.0.15", used_memory: 1, maxmemory: 2 ** 27, ...facts }).map((row) =>
        row.join(":")
      )
        .join("\r\n");
    const judged = (facts: Record<string, unknown>) => levels(judgeRedis("r:6379", info(facts)));
    expect(levels(judgeRedis("r:6379", undefined))).toEqual(["wrong"]);
    expect(judged({ maxmemory_policy: "allkeys-lru" })).toEqual(["ok"]);
    expect(judged({ redis_version: "6.2.1" })).toEqual(["warning"]);
    expect(judged({ maxmemory: 0 })).toEqual(["ok", "warning"]);
    expect(judged({ maxmemory_policy: "noeviction" })).toEqual(["ok", "warning"]);
    expect(judgeRedis("r:6379", info({ evicted_keys: 5 })).at(-1)?.mend).toContain("maxmemory 256mb");
  });
});

describe("the doctor's judgement of PostgreSQL", () => {
  it("counts connections", () => {
    const used = (used: number) => judgeServer("h:1", { version: "18.4", used, limit: 100, ahead: 0 })[1]?.level;
    expect([10, 85, 96].map(used)).toEqual(["ok", "warning", "wrong"]);
  });

  it("finds migrations that are pending, changed, or of a newer release", () => {
    const files = [{ name: "0001_a", sha256: "1" }, { name: "0002_b", sha256: "2" }];
    const judged = (applied: { name: string; sha256: string }[] | undefined) =>
      judgeMigrations([{ service: "cart", files, applied }]).map(({ level, mend }) => [level, mend]);
    expect(judged(files)).toEqual([["ok", undefined]]);
    expect(judged(undefined)).toEqual([["wrong", "deno task migrate"]]);
    expect(judged([{ name: "0001_a", sha256: "x" }, ...files.slice(1)])).toEqual([
      ["wrong", "git checkout -- db/migrations/cart/0001_a.sql"],
    ]);
    expect(judged([...files, { name: "0003_c", sha256: "3" }])).toEqual([["wrong", "run the release that made it"]]);
  });

  const roles = SERVICES.map((service): Role => ({
    service,
    role: `nano_${service}`,
    exists: true,
    logs_in: true,
    powers: [],
    schemas: [service, jobsSchema(service)],
  }));
  const changed = (change: Partial<Role>) =>
    roles.map((role) => role.service === "cart" ? { ...role, ...change } : role);

  it("finds logins that lack something, or have too much", () => {
    expect(levels(judgeRoles(roles, []))).toEqual(["ok"]);
    const mends = (change: Partial<Role>) => judgeRoles(changed(change), []).map(({ mend }) => mend);
    expect(mends({ exists: false })).toEqual(["deno task migrate"]);
    expect(mends({ logs_in: false })).toEqual(["deno task migrate"]);
    expect(mends({ schemas: ["cart"] })).toEqual(["deno task migrate"]);
    expect(mends({ powers: ["createdb"] })).toEqual([
      'deno task psql -- -c "alter role \\"nano_cart\\" nocreatedb"',
    ]);
    expect(mends({ schemas: ["cart", "cart_jobs", "order"] })).toEqual([
      'deno task psql -- -c "revoke usage on schema \\"order\\" from \\"nano_cart\\""',
    ]);
    expect(judgeRoles(roles, ["nano_user"])).toMatchObject([{ level: "wrong", mend: "deno task migrate" }]);
  });

  it("finds statements that run for long, and open transactions", () => {
    const session = (state: string, seconds: number): Session => ({
      pid: 7,
      role: "r",
      state,
      seconds,
      statement: "s",
      blocked_by: [],
    });
    expect(levels(judgeSessions([session("active", 5), session("idle in transaction", 5)]))).toEqual(["ok"]);
    expect(judgeSessions([session("active", 40), session("idle in transaction", 90)])).toMatchObject([
      { level: "warning", mend: expect.stringContaining("pg_cancel_backend(7)") },
      { level: "wrong", mend: expect.stringContaining("pg_terminate_backend(7)") },
    ]);
    const waiting = { ...session("active", 3), pid: 8, blocked_by: [7] };
    expect(judgeSessions([session("active", 4), waiting, { ...waiting, pid: 9 }])).toMatchObject([{
      level: "wrong",
      says: "2 wait for a lock that r holds since 4 s: s",
      mend: expect.stringContaining("pg_terminate_backend(7)"),
    }]);
    expect(levels(judgeSlow(undefined))).toEqual(["ok"]);
    expect(levels(judgeSlow([{ statement: "s", calls: 30, milliseconds: 400 }]))).toEqual(["warning"]);
  });

  it("finds indexes that are invalid, missing or unused", () => {
    const none: Indexes = { invalid: [], unused: [], unindexed: [], walked: [] };
    expect(levels(judgeIndexes(none))).toEqual(["ok"]);
    expect(judgeIndexes({ ...none, invalid: ["cart.x"] })).toMatchObject([
      { level: "wrong", mend: expect.stringContaining("reindex index concurrently cart.x") },
    ]);
    const rest = {
      invalid: [],
      unused: [{ name: "cart.y", bytes: GIB }],
      unindexed: [{ table: "cart.z", constraint: "c" }],
      walked: [{ table: "cart.w", times: 1000, rows: 50_000 }],
    };
    expect(levels(judgeIndexes(rest))).toEqual(["warning", "warning", "warning"]);
  });
});

describe("the doctor's judgement of jobs", () => {
  const queue = (oldest: number, gave_up: string[] = []) => [{ service: "order" as const, job: "j", oldest, gave_up }];

  it("finds what is late while the shop runs", () => {
    expect([10, 900, 9000].flatMap((oldest) => levels(judgeQueues(queue(oldest), true)))).toEqual([
      "ok",
      "warning",
      "wrong",
    ]);
    expect(levels(judgeQueues(queue(9000), false))).toEqual(["ok"]);
  });

  it("finds what failed for good, running or not, and has it tried again", () => {
    expect(judgeQueues(queue(0, ["3", "4"]), false)).toMatchObject([
      { level: "wrong", mend: expect.stringContaining("order_jobs.reschedule_jobs(array[3,4]::bigint[]") },
    ]);
  });
});
