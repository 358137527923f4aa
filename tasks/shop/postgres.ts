import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { baseEnvironment, delay } from "./children.ts";
import { LogFile } from "./log_file.ts";
import { takePort } from "./ports.ts";
import { runnableBinaries, serverUser } from "./postgres_binaries.ts";
import { prepareData } from "./postgres_data.ts";
import { Refusal } from "./refusal.ts";
import { Supervised, type Watcher } from "./supervisor.ts";

/** An embedded server and the login of the owner of its one database, `nano`. */
export interface EmbeddedPostgres {
  readonly url: string;
  readonly server: Supervised;
}

/** How the embedded server is started. */
export interface PostgresOptions {
  readonly dataDir: string;
  readonly logDir: string;
  readonly password: string;
  /** False: faster, and a crash may lose all. For tests. */
  readonly durable?: boolean;
  readonly watcher: Watcher;
  /** Told of the server as soon as it exists, so that a start that is broken off can end it. */
  readonly adopt?: (server: Supervised) => void;
}

/** Starts PostgreSQL 18 from npm's binaries, making its data directory the first time. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const user = await serverUser();
  const binaries = await runnableBinaries(user);
  const data = await prepareData(binaries, user, options);
  const port = takePort(rememberedPort(options.dataDir));
  Deno.writeTextFileSync(portFile(options.dataDir), `${port}\n`);
  const log = new LogFile(join(options.logDir, "postgres.log"));
  const server = new Supervised({
    name: "postgres",
    command: {
      program: join(binaries, "bin", "postgres"),
      args: ["-D", data, ...flags({ ...settings(port), ...(options.durable === false ? UNSAFE : {}) })],
      env: { ...baseEnvironment(), LC_MESSAGES: "C", TZ: "UTC" },
      // The starter's own folder may be out of the user's reach.
      cwd: "/",
      ...(user ? { user } : {}),
    },
    output: { log },
    stopSignal: "SIGINT",
  }, options.watcher);
  options.adopt?.(server);
  try {
    const url = await ownedDatabase(port, options.password, server);
    return { url, server };
  } catch (error) {
    await server.stop();
    throw error instanceof Refusal ? error : new Refusal(`Cannot start PostgreSQL; its log is ${log.path}. ${error}`);
  }
}

/** No socket files, no other address; its own log collector is not needed as the starter keeps the log. */
const settings = (port: number) => ({
  port,
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 300,
  shared_buffers: "128MB",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  // Without the values that a constraint refused: they may be a person's.
  log_error_verbosity: "terse",
});

const UNSAFE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", autovacuum: "on" };

function flags(values: Record<string, string | number>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Makes the owner and its database: no superuser, as with a hosted server, but with leave to make roles and databases. */
async function ownedDatabase(port: number, password: string, server: Supervised): Promise<string> {
  const admin = await connectWhenUp(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`, server);
  try {
    const { rowCount } = await admin.query("select from pg_database where datname = 'nano'");
    if (!rowCount) {
      await admin.query("drop role if exists nano");
      await admin.query(`create role nano login createrole createdb password '${password}'`);
      // To end a service's sessions, as when a database is dropped.
      await admin.query("grant pg_signal_backend to nano");
      await admin.query("create database nano owner nano");
    }
  } finally {
    await admin.end();
  }
  return `postgres://nano:${password}@127.0.0.1:${port}/nano`;
}

async function connectWhenUp(url: string, server: Supervised): Promise<pg.Client> {
  // Recovery after a crash can take long on large data.
  for (const deadline = Date.now() + 60_000;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    client.on("error", () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      if (server.deaths >= 3 || Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** The port of last time is taken again if it is free, so that an address once noted goes on working. */
function rememberedPort(dataDir: string): number | undefined {
  return existsSync(portFile(dataDir)) ? Number(Deno.readTextFileSync(portFile(dataDir))) || undefined : undefined;
}

function portFile(dataDir: string): string {
  return join(dataDir, "postgres.port");
}
