import { createHash } from "node:crypto";
import { join } from "node:path";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { type ServiceName, SERVICES } from "../processes.ts";
import { roleName } from "../roles.ts";
import { Refusal } from "../shop/refusal.ts";

/** One file of db/migrations/<service>. */
interface Migration {
  /** The file's name without `.sql`: `0001_products`. */
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const { escapeIdentifier: quote, escapeLiteral: literal } = pg;

/** Applies what is new of each service's migrations; refuses before the first if the database and the files disagree. */
export async function applyMigrations(
  client: pg.Client,
  directory: string,
  rolePrefix: string,
  log: (line: string) => void,
): Promise<string[]> {
  const plans = [];
  for (const service of SERVICES) {
    await prepareBookkeeping(client, service, roleName(service, rolePrefix));
    const files = readMigrations(join(directory, service));
    plans.push({ service, files, pending: await pending(client, service, files) });
  }
  const applied: string[] = [];
  for (const { service, files, pending } of plans) {
    if (pending.length === 0) continue;
    await run(client, join(directory, service), service, files);
    for (const { name } of pending) {
      log(`migrated ${service}/${name}`);
      applied.push(`${service}/${name}`);
    }
  }
  return applied;
}

/** Reads a service's migrations in order. */
export function readMigrations(folder: string): Migration[] {
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const names = entries.map((entry) => entry.name).filter((name) => name.endsWith(".sql")).sort();
  return names.map((file) => {
    if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(file)) {
      throw new Refusal(`Cannot read migration ${join(folder, file)} as its name must be like 0001_what_it_does.sql.`);
    }
    const sql = Deno.readTextFileSync(join(folder, file));
    return { name: file.slice(0, -4), sql, sha256: createHash("sha256").update(sql).digest("hex") };
  });
}

/** node-pg-migrate's table, and beside it what each file held; the service may read them, to know that it is migrated. */
async function prepareBookkeeping(client: pg.Client, service: ServiceName, role: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_tables where schemaname = $1 and tablename = 'migrations'", [
    service,
  ]);
  if (rowCount) return;
  const [migrations, sums] = [`${quote(service)}.migrations`, `${quote(service)}.migration_sums`];
  await client.query(`
    create table ${migrations} (id serial primary key, name varchar(255) not null unique, run_on timestamp not null);
    create table ${sums} (name varchar(255) primary key, sha256 text not null);
    revoke insert, update, delete on ${migrations}, ${sums} from ${quote(role)};`);
}

/** What is not yet applied. A migration that only the database knows, or whose file changed, is refused. */
async function pending(client: pg.Client, service: ServiceName, files: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ name: string; sha256: string | null }>(
    `select name, sha256 from ${quote(service)}.migrations left join ${
      quote(service)
    }.migration_sums using (name) order by id`,
  );
  for (const { name, sha256 } of rows) {
    const file = files.find((file) => file.name === name);
    if (!file) {
      throw new Refusal(
        `Cannot use this database as its migration ${service}/${name} is newer than this code: run the code that made it.`,
      );
    }
    if (file.sha256 !== sha256) {
      throw new Refusal(
        `Cannot migrate as db/migrations/${service}/${name}.sql was changed after it was applied: ` +
          "undo the change and write a new migration.",
      );
    }
  }
  return files.filter((file) => !rows.some((row) => row.name === file.name));
}

async function run(client: pg.Client, dir: string, service: ServiceName, files: Migration[]): Promise<void> {
  let current = files[0];
  const nothing = () => {};
  try {
    await runner({
      dbClient: client,
      noLock: true,
      dir,
      ignorePattern: "(?!.*\\.sql$).*",
      schema: [service, "public"],
      migrationsSchema: service,
      migrationsTable: "migrations",
      direction: "up",
      logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      migrationLoaderStrategies: [{
        extensions: [".sql"],
        // The library's own loader reads the file; this one adds the sum, so that both are in the file's transaction.
        loader: (paths: string[]) =>
          Promise.resolve(paths.map((path) => {
            const file = files.find((file) => path.endsWith(`/${file.name}.sql`));
            if (!file) throw new Error(`Cannot load ${path} as it was not there a moment ago.`);
            const values = `${literal(file.name)}, ${literal(file.sha256)}`;
            return {
              id: path,
              filePaths: [path],
              actions: {
                up: (pgm: { sql(text: string): void }) => {
                  current = file;
                  pgm.sql(file.sql);
                  pgm.sql(`insert into ${quote(service)}.migration_sums (name, sha256) values (${values})`);
                },
                down: false as const,
              },
            };
          })),
      }],
    });
  } catch (error) {
    await client.query("rollback");
    throw new Refusal(
      `Cannot migrate as db/migrations/${service}/${current?.name}.sql failed${reason(error, current)}`,
    );
  } finally {
    await client.query("reset search_path");
  }
}

/** What PostgreSQL says, with the line of the file where it says where. */
function reason(error: unknown, file: Migration | undefined): string {
  const { message, position } = error as { message?: string; position?: string };
  const line = position && file ? ` in line ${file.sql.slice(0, Number(position)).split("\n").length}` : "";
  return `${line}: ${message ?? error}`;
}
