/**
 * Prints the shell commands that become a process of the shop in a container: the same table as `deno task start`.
 * DATABASE_URL may be the owner's, with DATABASE_ROLE_SECRET: then the process gets its own role's and never sees these.
 */
import {
  denoArguments,
  type Environment,
  isTelemetry,
  type Process,
  PROCESSES,
  SERVICES,
  telemetryOf,
} from "../processes.ts";
import { databaseName, roleUrl } from "../roles.ts";

/** Gives the commands for an image; `given` is the container's environment. */
export function launch(image: string, given: Readonly<Record<string, string | undefined>>): string {
  if (image === "migrate") return `exec deno ${migrateArguments(given).map(quote).join(" ")}`;
  const process = PROCESSES.find(({ name }) => name === image);
  if (!process) throw new Error(`Cannot launch "${image}": no process has that name.`);
  const own = ownEnvironment(process, given);
  const exports = Object.entries(own).map(([name, value]) => `export ${name}=${quote(value)}`);
  const args = denoArguments(process, { ...defined(given), ...own });
  // OpenTelemetry's standard takes an empty variable as unset; not every reader of them does.
  const empty = Object.keys(given).filter((name) => isTelemetry(name) && !given[name]);
  return [["unset DATABASE_ROLE_SECRET", ...empty].join(" "), ...exports, `exec deno ${args.map(quote).join(" ")}`]
    .join("; ");
}

/** What a container sets by itself: it listens on all its addresses, with its own database login. */
function ownEnvironment(process: Process, given: Readonly<Record<string, string | undefined>>): Environment {
  const { DATABASE_ROLE_SECRET: secret } = given;
  const service = process.database ? SERVICES.find((name) => name === process.name) : undefined;
  const rolePrefix = databaseName(given.DATABASE_DIRECT_URL || given.DATABASE_URL || "postgres://postgres@-/");
  const roles = ["DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_REPLICA_URL"].flatMap((name) => {
    const url = given[name];
    return service && secret && url ? [[name, roleUrl(url, service, secret, { rolePrefix })]] : [];
  });
  const telemetry = Object.entries(telemetryOf(process.name)).map(([name, value]) => [name, given[name] || value]);
  return {
    ...Object.fromEntries(telemetry),
    HOST: given.HOST || "0.0.0.0",
    PORT: given.PORT || String(process.port),
    HTTP_PORT: given.HTTP_PORT || String(process.httpPort),
    ...Object.fromEntries(roles),
  };
}

function migrateArguments(given: Readonly<Record<string, string | undefined>>): string[] {
  const urls = [given.DATABASE_URL, given.DATABASE_DIRECT_URL].flatMap((url) => url ? [new URL(url)] : []);
  const hosts = urls.map(({ hostname, port }) => `${hostname}:${port || 5432}`);
  return [
    ...["run", "--quiet", "--cached-only", "--no-prompt", "--allow-env", "--allow-sys=uid,homedir"],
    `--allow-net=${hosts.join(",") || "127.0.0.1"}`,
    "--allow-read=./db,./node_modules",
    // What else libraries look for is not there.
    "--ignore-read",
    "tasks/migrate.ts",
  ];
}

function defined(given: Readonly<Record<string, string | undefined>>): Environment {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** A word that no shell takes apart. */
function quote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

if (import.meta.main) console.log(launch(Deno.args[0] ?? "", Deno.env.toObject()));
