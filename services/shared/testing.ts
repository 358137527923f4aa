/** For tests only: a database of one's own, a Redis of one's own, both from the servers that `deno task test` starts. */
import { Redis } from "ioredis";
import pg from "pg";
import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, withContext } from "./context.ts";

/** Does something as somebody, within so many milliseconds; as a stranger where nobody is named. */
export function as<T>(actor: Actor | undefined, run: () => Promise<T>, ms = 10_000): Promise<T> {
  return withContext({ request_id: "test", actor: actor ?? ANONYMOUS, deadline: Date.now() + ms }, run);
}

/** A migrated, empty database that one test file has for itself. */
export interface TestDatabase {
  /** With the service's own role: what the service gets as DATABASE_URL. */
  url: string;
  /** With the owner's role, which may do everything: to arrange and to look. */
  ownerUrl: string;
  /** As the service. */
  pool: pg.Pool;
  /** As the owner. */
  owner: pg.Pool;
  /** Ends the pools and drops the database. */
  drop(): Promise<void>;
}

/** PostgreSQL copies a template for one at a time: others would fail, so they queue. */
const COPYING = 6_202_617_002;

/** Copies the migrated template; `service` decides whose login `url` and `pool` have. Takes about 0.1 s. */
export async function testDatabase(service: string): Promise<TestDatabase> {
  const maintenance = setting("TEST_DATABASE_URL");
  const roles = JSON.parse(setting("TEST_ROLE_URLS")) as Record<string, string>;
  const role = roles[service];
  if (!role) throw new Error(`Cannot make a test database as there is no service "${service}".`);
  const name = `test_${service}_${crypto.randomUUID().slice(0, 8)}`;
  await withClient(maintenance, async (client) => {
    await client.query("select pg_advisory_lock($1)", [COPYING]);
    await client.query(`create database ${name} template ${setting("TEST_TEMPLATE")} strategy file_copy`);
  });
  const [url, ownerUrl] = [withDatabase(role, name), withDatabase(maintenance, name)];
  const [pool, owner] = [newPool(url), newPool(ownerUrl)];
  const drop = async () => {
    await Promise.all([pool, owner].map((pool) => pool.ended ? undefined : pool.end()));
    await withClient(maintenance, (client) => client.query(`drop database if exists ${name} with (force)`));
  };
  return { url, ownerUrl, pool, owner, drop };
}

/** An empty Redis database of one's own: the server's numbered ones in turn. */
export async function testRedis(): Promise<{ url: string }> {
  const url = new URL(setting("TEST_REDIS_URL"));
  const redis = new Redis(url.href);
  try {
    const number = 1 + await redis.incr("taken") % 63;
    await redis.select(number);
    await redis.flushdb();
    url.pathname = `/${number}`;
    return { url: url.href };
  } finally {
    redis.disconnect();
  }
}

/**
 * The running shop that the REST tests talk to: the gateway, the operator, where each process serves its health and
 * metrics, where it sends the spans of requests that carry a sampled traceparent, and the folder of its logs.
 */
export function testShop() {
  return {
    gateway: setting("TEST_GATEWAY_URL"),
    health: JSON.parse(setting("TEST_HEALTH_URLS")) as Record<string, string>,
    collector: setting("TEST_COLLECTOR_URL"),
    logs: setting("TEST_LOGS"),
    operator: { email: setting("TEST_ADMIN_EMAIL"), password: setting("TEST_ADMIN_PASSWORD") },
  };
}

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) {
    throw new Error(
      `Cannot run this test alone as ${name} is not set. Run by \`deno task test\`: deno task test -- <file>`,
    );
  }
  return value;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** The connections are few as many test files share the server. */
function newPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 6 });
  pool.on("error", () => {});
  return pool;
}

async function withClient(connectionString: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
