/** `deno task migrate`: brings a database to this code's shape. Safe to run at any time, many at once. */
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { prepareAccess } from "./database/access.ts";
import { connectOwner } from "./database/check.ts";
import { installJobs } from "./database/jobs.ts";
import { applyMigrations } from "./database/migrations.ts";
import { databaseName } from "./roles.ts";
import { ownerLogin } from "./shop/owner.ts";
import { orRefuse } from "./shop/refusal.ts";
import { readArguments } from "./shop/usage.ts";

const MIGRATIONS = fileURLToPath(new URL("../db/migrations", import.meta.url));

/** Any number: the one under which all migrators of a database queue. */
const LOCK = 6_202_617_001;

/** Who hears of it, and from where it is done. */
export interface MigrateOptions {
  readonly log?: (line: string) => void;
  /** Where the SQL is; tests bring their own. */
  readonly directory?: string;
}

/**
 * Makes schemas, logins, jobs tables and applies new migrations, all under one lock: of several at once one works,
 * the others wait and find nothing to do. Gives the names of the migrations it applied. Not through a PgBouncer.
 */
export async function migrate(ownerUrl: string, roleSecret: string, options: MigrateOptions = {}): Promise<string[]> {
  const client = await connectOwner(ownerUrl);
  const database = databaseName(ownerUrl);
  const log = options.log ?? (() => {});
  try {
    await lock(client, log);
    // Rather fail than queue behind a long query and have all others queue behind this.
    await client.query("set lock_timeout = '30s'; set client_min_messages = warning");
    await prepareAccess(client, database, database, roleSecret);
    await installJobs(client, ownerUrl);
    return await applyMigrations(client, options.directory ?? MIGRATIONS, database, log);
  } finally {
    // Ending the connection lets go of the lock.
    await client.end();
  }
}

async function lock(client: pg.Client, log: (line: string) => void): Promise<void> {
  const { rows: [row] } = await client.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [LOCK]);
  if (row?.locked) return;
  log("waiting for another migrator");
  await client.query("select pg_advisory_lock($1)", [LOCK]);
}

if (import.meta.main) {
  await orRefuse(async () => {
    readArguments();
    const { ownerUrl, roleSecret } = ownerLogin();
    const applied = await migrate(ownerUrl, roleSecret, { log: console.log });
    console.log(applied.length ? `${applied.length} migrations applied` : "nothing to migrate");
  });
}
