import { Logger, runMigrations } from "graphile-worker";
import pg from "pg";
import { SERVICES } from "../processes.ts";
import { jobsSchema } from "../roles.ts";

const silent = new Logger(() => () => {});

/** Installs or updates graphile-worker's tables in each service's jobs schema; workers themselves never migrate. */
export async function installJobs(client: pg.Client, ownerUrl: string): Promise<void> {
  const pgPool = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  pgPool.on("error", () => {});
  // graphile-worker asks for a listener on each client too.
  pgPool.on("connect", (connection) => connection.on("error", () => {}));
  try {
    for (const service of SERVICES) {
      await runMigrations({ pgPool, schema: jobsSchema(service), logger: silent });
    }
  } finally {
    await pgPool.end();
  }
  await openRows(client);
}

/**
 * graphile-worker turns row level security on, without a policy, so that only the owner sees rows. Here the grants
 * say who may: the service's own login and nobody else.
 */
async function openRows(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('alter table %I.%I disable row level security', nspname, relname) as statement
       from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = any($1) and relkind = 'r' and relrowsecurity`,
    [SERVICES.map(jobsSchema)],
  );
  for (const { statement } of rows) await client.query(statement);
}
