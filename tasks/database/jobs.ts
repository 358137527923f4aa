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
  for (const service of SERVICES) await tune(client, jobsSchema(service));
}

/**
 * Two changes to graphile-worker's functions, for what they cost. What adds jobs holds statements that PostgreSQL would
 * plan anew at each call: one plan serves for any job. And they NOTIFY on a channel that the workers of all services hear,
 * which moreover has transactions commit one after another: services/shared/jobs.ts wakes its own. Few jobs are added by
 * put_job, of each service's migrations.
 */
async function tune(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ source: string }>(
    `select pg_get_functiondef(p.oid) as source from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = $1 and p.proname in ('add_jobs', 'remove_job')`,
    [schema],
  );
  for (const { source } of rows) await client.query(source.replace(/perform pg_notify\('jobs:insert',[^;]*;/gi, ""));
  await client.query(
    `alter function ${pg.escapeIdentifier(schema)}.add_jobs set plan_cache_mode = force_generic_plan`,
  );
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
