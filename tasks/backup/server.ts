/** Backup and restore of a server by DATABASE_URL, with pg_dump and pg_restore. */
import { join } from "node:path";
import { createRoles } from "../database/access.ts";
import { connectOwner } from "../database/check.ts";
import { must, run } from "../deploy/programs.ts";
import { migrate } from "../migrate.ts";
import { SERVICES } from "../processes.ts";
import { databaseName } from "../roles.ts";
import { Refusal } from "../shop/refusal.ts";
import { type BackupManifest, newFolder, seal } from "./folder.ts";

/** Dumps the owner's database, all of one moment, into a new folder; the shop may go on selling. */
export async function dump(ownerUrl: string, folder: string): Promise<void> {
  const postgres = await serverVersion(ownerUrl);
  await refuseOldProgram("pg_dump", postgres);
  newFolder(folder);
  await must("pg_dump", ["--format=custom", `--file=${join(folder, "database.dump")}`, ...login(ownerUrl)], {
    env: password(ownerUrl),
  });
  await seal(folder, { kind: "dump", postgres, database: databaseName(ownerUrl) });
}

/** Restores a dump into an empty database of the same name, and brings it to this release's shape. */
export async function restoreDump(
  ownerUrl: string,
  roleSecret: string,
  folder: string,
  manifest: BackupManifest,
  log: (line: string) => void,
): Promise<void> {
  const database = databaseName(ownerUrl);
  if (database !== manifest.database) {
    throw new Refusal(
      `Cannot restore into "${database}" as the roles in the backup are those of "${manifest.database}".`,
    );
  }
  await refuseOldProgram("pg_restore", manifest.postgres);
  await prepareEmpty(ownerUrl, database, roleSecret);
  await must(
    "pg_restore",
    ["--no-owner", "--exit-on-error", "--single-transaction", ...login(ownerUrl), join(folder, "database.dump")],
    { env: password(ownerUrl) },
  );
  await migrate(ownerUrl, roleSecret, { log });
}

/** The roles that the dump's grants name; a database that has tables is refused. */
async function prepareEmpty(ownerUrl: string, database: string, roleSecret: string): Promise<void> {
  const client = await connectOwner(ownerUrl);
  try {
    const { rowCount } = await client.query("select from pg_namespace where nspname = any($1)", [SERVICES]);
    if (rowCount) throw new Refusal(`Cannot restore into "${database}" as it has a shop's data: make an empty one.`);
    await createRoles(client, database, roleSecret);
  } finally {
    await client.end();
  }
}

async function serverVersion(ownerUrl: string): Promise<number> {
  const client = await connectOwner(ownerUrl);
  try {
    const { rows: [row] } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int / 10000 as version",
    );
    return row?.version ?? 0;
  } finally {
    await client.end();
  }
}

/** pg_dump refuses a server newer than itself: say so before, with what to install. */
async function refuseOldProgram(program: string, wanted: number): Promise<void> {
  const found = await run(program, ["--version"]).then(({ text }) => Number(/ (\d+)/.exec(text)?.[1] ?? 0), () => 0);
  if (found >= wanted) return;
  throw new Refusal(
    `Cannot go on as ${
      found ? `${program} on PATH is of PostgreSQL ${found}` : `there is no ${program} on PATH`
    } and the ` +
      `server's is ${wanted}: apt-get install postgresql-client-${wanted}, or brew install postgresql@${wanted}.`,
  );
}

/** As options, the password apart: a command line can be read by others. */
function login(url: string): string[] {
  const { hostname, port, username } = new URL(url);
  return [
    `--host=${hostname}`,
    `--port=${port || 5432}`,
    `--username=${decodeURIComponent(username)}`,
    "--no-password",
    `--dbname=${databaseName(url)}`,
  ];
}

function password(url: string): Record<string, string> {
  return { PGPASSWORD: decodeURIComponent(new URL(url).password) };
}
