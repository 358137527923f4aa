import { fileURLToPath } from "node:url";
import pg from "pg";
import { readMigrations } from "../database/migrations.ts";
import { type ServiceName, SERVICES } from "../processes.ts";
import { jobsSchema, roleName } from "../roles.ts";

const MIGRATIONS = fileURLToPath(new URL("../../db/migrations", import.meta.url));

/** A service's migrations, as files and as the database knows them (undefined: it has none of the tables). */
export interface Migrated {
  readonly service: ServiceName;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly applied: readonly { readonly name: string; readonly sha256: string | null }[] | undefined;
}

/** Every service's migrations, with their sums where those are noted. */
export async function readMigrated(client: pg.Client): Promise<Migrated[]> {
  const all: Migrated[] = [];
  for (const service of SERVICES) {
    const files = readMigrations(`${MIGRATIONS}/${service}`);
    const table = `${pg.escapeIdentifier(service)}.migrations`;
    const { rows: [there] } = await client.query("select to_regclass($1) as name", [table]);
    const applied = there?.name
      ? (await client.query(
        `select name, sha256 from ${table} left join ${pg.escapeIdentifier(service)}.migration_sums using (name)`,
      )).rows
      : undefined;
    all.push({ service, files, applied });
  }
  return all;
}

/** A service's login, and the schemas that it may use. */
export interface Role {
  readonly service: ServiceName;
  readonly role: string;
  readonly exists: boolean;
  readonly logs_in: boolean;
  /** What it may do that no service needs: superuser, createrole, … */
  readonly powers: readonly string[];
  readonly schemas: readonly string[];
}

/** Every service's login, be it there or not; `prefix` is the database that it is named for. */
export async function readRoles(client: pg.Client, prefix: string): Promise<Role[]> {
  const schemas = SERVICES.flatMap((service) => [service, jobsSchema(service)]);
  const names = SERVICES.map((service) => roleName(service, prefix));
  const { rows } = await client.query<Omit<Role, "service" | "exists">>(
    `select rolname as role, rolcanlogin as logs_in,
            array_remove(array[case when rolsuper then 'superuser' end, case when rolcreaterole then 'createrole' end,
              case when rolcreatedb then 'createdb' end, case when rolbypassrls then 'bypassrls' end,
              case when rolreplication then 'replication' end], null) as powers,
            array(select nspname::text from pg_namespace
                   where nspname = any($2) and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')) as schemas
       from pg_roles where rolname = any($1)`,
    [names, schemas],
  );
  return SERVICES.map((service) => {
    const role = roleName(service, prefix);
    const found = rows.find((row) => row.role === role);
    return { service, exists: Boolean(found), logs_in: false, powers: [], schemas: [], ...found, role };
  });
}

/** A session that does something, or that holds a transaction open. */
export interface Session {
  readonly pid: number;
  readonly role: string;
  readonly state: string;
  /** For how long. */
  readonly seconds: number;
  readonly statement: string;
  /** The sessions that hold the lock that it waits for. */
  readonly blocked_by: readonly number[];
}

/** The sessions that this login may see: its own role's, or all. */
export async function readSessions(client: pg.Client): Promise<Session[]> {
  const { rows } = await client.query<Session>(
    `select pid, usename as role, state, regexp_replace(left(query, 60), '\\s+', ' ', 'g') as statement,
            extract(epoch from clock_timestamp() - case when state = 'active' then query_start else state_change end)::float8
              as seconds,
            case when wait_event_type = 'Lock' then pg_blocking_pids(pid) else '{}' end as blocked_by
       from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        and (state = 'active' or state like 'idle in transaction%')`,
  );
  return rows;
}

/** A statement that is slow on average. */
export interface Slow {
  readonly statement: string;
  readonly calls: number;
  readonly milliseconds: number;
}

/** From pg_stat_statements; undefined where that is not installed. */
export async function readSlow(client: pg.Client): Promise<Slow[] | undefined> {
  const { rowCount } = await client.query("select from pg_extension where extname = 'pg_stat_statements'");
  if (!rowCount) return undefined;
  try {
    const { rows } = await client.query<Slow>(
      `select regexp_replace(left(query, 60), '\\s+', ' ', 'g') as statement, calls::float8 as calls,
              mean_exec_time as milliseconds
         from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())
          and calls >= 20 and mean_exec_time > 100 and query <> '<insufficient privilege>'
        order by total_exec_time desc limit 5`,
    );
    return rows;
  } catch {
    // Installed, but not loaded into the server.
    return undefined;
  }
}

/** What is odd about indexes and tables; names are ready for a statement. */
export interface Indexes {
  readonly invalid: readonly string[];
  readonly unused: readonly { readonly name: string; readonly bytes: number }[];
  readonly unindexed: readonly { readonly table: string; readonly constraint: string }[];
  readonly walked: readonly { readonly table: string; readonly times: number; readonly rows: number }[];
}

/** Reads the indexes and tables of all services; what is odd only where there is enough to tell. */
export async function readIndexes(client: pg.Client): Promise<Indexes> {
  const schemas = [SERVICES.flatMap((service) => [service, jobsSchema(service)])];
  const read = async <R extends pg.QueryResultRow>(text: string) => (await client.query<R>(text, schemas)).rows;
  return {
    invalid: (await read<{ name: string }>(
      `select format('%I.%I', nspname, c.relname) as name
         from pg_index join pg_class c on c.oid = indexrelid join pg_namespace n on n.oid = relnamespace
        where nspname = any($1) and not (indisvalid and indisready)`,
    )).map(({ name }) => name),
    // Only where statistics are a week old: what runs once a night must have had its chance.
    unused: await read(
      `select format('%I.%I', s.schemaname, indexrelname) as name, pg_relation_size(indexrelid)::float8 as bytes
         from pg_stat_user_indexes s join pg_index using (indexrelid), pg_stat_database d
        where s.schemaname = any($1) and idx_scan = 0 and not indisunique and pg_relation_size(indexrelid) > 10 * 1024 * 1024
          and d.datname = current_database()
          and now() - greatest(d.stats_reset, pg_postmaster_start_time()) > interval '7 days'`,
    ),
    unindexed: await read(
      `select format('%I.%I', nspname, relname) as table, conname as constraint
         from pg_constraint f join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = relnamespace
        where contype = 'f' and nspname = any($1) and reltuples > 10000 and not exists (
          select from pg_index i where indrelid = conrelid and indisvalid
             and (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey)`,
    ),
    walked: await read(
      `select format('%I.%I', schemaname, relname) as table, seq_scan::float8 as times, n_live_tup::float8 as rows
         from pg_stat_user_tables
        where schemaname = any($1) and n_live_tup > 10000 and seq_scan > 100 and seq_scan > coalesce(idx_scan, 0) / 10
          and seq_tup_read / seq_scan > 5000`,
    ),
  };
}

/** The server itself. */
export interface Server {
  readonly version: string;
  readonly used: number;
  readonly limit: number;
  /** How far its clock is ahead of this machine's, in milliseconds. */
  readonly ahead: number;
}

/** Asks the server for its version, its connections and its time. */
export async function readServer(client: pg.Client): Promise<Server> {
  const { rows: [row] } = await client.query<Omit<Server, "ahead">>(
    `select split_part(current_setting('server_version'), ' ', 1) as version,
            (select sum(numbackends)::int from pg_stat_database) as used,
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as limit`,
  );
  const before = Date.now();
  const { rows: [clock] } = await client.query<{ now: number }>(
    "select extract(epoch from clock_timestamp())::float8 * 1000 as now",
  );
  const own = (before + Date.now()) / 2;
  return { version: "", used: 0, limit: 1, ...row, ahead: (clock?.now ?? own) - own };
}
