import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../migrate.ts";
import { SERVICES } from "../processes.ts";
import { roleUrl } from "../roles.ts";
import { startPostgres } from "../shop/postgres.ts";
import { startRedis } from "../shop/redis.ts";
import { Refusal } from "../shop/refusal.ts";
import { randomText } from "../shop/secrets.ts";
import type { Supervised, Watcher } from "../shop/supervisor.ts";

const TEMPLATE = "nano_template";

/** A PostgreSQL and a Redis for the tests, in a folder that goes away with them. */
export class TestServers {
  /** What the tests are told of them. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(
    readonly ownerUrl: string,
    readonly redisUrl: string,
    readonly roleSecret: string,
  ) {
    const template = databaseUrl(ownerUrl, TEMPLATE);
    this.environment = {
      TEST_DATABASE_URL: ownerUrl,
      TEST_TEMPLATE: TEMPLATE,
      TEST_ROLE_SECRET: roleSecret,
      TEST_ROLE_URLS: JSON.stringify(
        Object.fromEntries(SERVICES.map((name) => [name, roleUrl(template, name, roleSecret)])),
      ),
      TEST_REDIS_URL: redisUrl,
    };
  }

  /** Starts both and migrates the template that tests copy. `adopt` hears of each server as soon as it exists. */
  static async start(folder: string, adopt: (server: Supervised) => void): Promise<TestServers> {
    const password = randomText(24);
    const watcher: Watcher = { started: () => {}, died: (name, how) => console.error(`${name} ended (${how})`) };
    const options = { dataDir: folder, logDir: folder, password, watcher, adopt, say: console.log };
    const starting = startRedis(options);
    const { url } = await startPostgres({ ...options, durable: false }).finally(() => Promise.allSettled([starting]));
    const redis = await starting;
    if (!redis) throw new Refusal("Cannot test as there is no redis-server on PATH: install Redis 7 and try again.");
    const servers = new TestServers(url, redis.url, randomText(48));
    await migrate(await servers.newDatabase(TEMPLATE), servers.roleSecret);
    return servers;
  }

  /** Makes an empty database; gives the owner's URL of it. */
  async newDatabase(name: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.ownerUrl });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return databaseUrl(this.ownerUrl, name);
  }
}

function databaseUrl(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** A folder for one run of the tests, open to the user under whom PostgreSQL runs. */
export function testFolder(): string {
  const folder = Deno.makeTempDirSync({ prefix: "nano-test-" });
  Deno.chmodSync(folder, 0o711);
  Deno.mkdirSync(join(folder, "shop"));
  return folder;
}

/** Copies the logs of a failed run out of its folder, which goes away. */
export function keepLogs(folder: string, root: string): void {
  const kept = join(root, ".nano-test");
  Deno.mkdirSync(kept, { recursive: true });
  for (const from of [folder, join(folder, "shop", "logs")]) {
    if (!existsSync(from)) continue;
    for (const { name } of Deno.readDirSync(from)) {
      if (name.endsWith(".log")) Deno.copyFileSync(join(from, name), join(kept, name));
    }
  }
  console.log("logs of this run: .nano-test/");
}
