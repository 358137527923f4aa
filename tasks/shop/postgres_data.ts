import { existsSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { commandLine } from "./birth.ts";
import { canEnter, type ServerUser, SHARED_DIR } from "./postgres_binaries.ts";
import { Refusal } from "./refusal.ts";
import { randomText } from "./secrets.ts";

/** Written when initdb has done all of its work: its own files are there long before. */
const WHOLE = "nano.initialised";

/** Where the server's data is, and for whom. */
export interface DataOptions {
  readonly dataDir: string;
  /** Of the server's superuser, `postgres`. */
  readonly password: string;
  readonly durable?: boolean;
}

/** Gives the server's data directory, made the first time, ready to be started on. */
export async function prepareData(binaries: string, user: ServerUser, options: DataOptions): Promise<string> {
  const data = await dataFolder(options.dataDir, user);
  if (!existsSync(join(data, WHOLE))) await initialise(binaries, data, options, user);
  forgetDeadServer(data);
  return data;
}

/** `<DATA_DIR>/postgres`; where the server's user cannot enter it, a link from there to a folder below /var/lib/nano. */
export async function dataFolder(dataDir: string, user: ServerUser): Promise<string> {
  const folder = resolve(dataDir, "postgres");
  if (existsSync(folder)) return Deno.realPathSync(folder);
  if (await canEnter(resolve(dataDir), user)) {
    Deno.mkdirSync(folder, { mode: 0o700 });
    own(folder, user);
    return folder;
  }
  const elsewhere = join(SHARED_DIR, `data-${randomText(8)}`);
  Deno.mkdirSync(SHARED_DIR, { recursive: true, mode: 0o755 });
  Deno.mkdirSync(elsewhere, { mode: 0o700 });
  own(elsewhere, user);
  // A link whose data is gone.
  rmSync(folder, { force: true });
  Deno.symlinkSync(elsewhere, folder);
  return elsewhere;
}

/** The builtin C.UTF-8 locale folds and sorts the same on every platform. */
async function initialise(binaries: string, data: string, options: DataOptions, user: ServerUser): Promise<void> {
  // A start that was killed half-way left files that initdb would refuse.
  for (const entry of Deno.readDirSync(data)) Deno.removeSync(join(data, entry.name), { recursive: true });
  // Beside the data, as the server's user must reach it.
  const passwordFile = await Deno.makeTempFile({ dir: dirname(data) });
  try {
    Deno.writeTextFileSync(passwordFile, options.password, { mode: 0o600 });
    own(passwordFile, user);
    const { success, stderr } = await new Deno.Command(join(binaries, "bin", "initdb"), {
      args: [
        `--pgdata=${data}`,
        "--username=postgres",
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        ...(options.durable === false ? ["--no-sync"] : []),
      ],
      cwd: "/",
      env: { LC_MESSAGES: "C" },
      stdout: "null",
      ...user,
    }).output();
    if (!success) {
      throw new Refusal(
        `Cannot make a PostgreSQL data directory in ${data}: ${new TextDecoder().decode(stderr).trim()}`,
      );
    }
    Deno.writeTextFileSync(join(data, WHOLE), "");
  } finally {
    Deno.removeSync(passwordFile);
  }
}

/**
 * After kill -9 or a power cut `postmaster.pid` names a process that is gone, or another one by now, at which
 * PostgreSQL would stop. The lock on DATA_DIR says that no other shop uses this data.
 */
function forgetDeadServer(data: string): void {
  const file = join(data, "postmaster.pid");
  if (!existsSync(file)) return;
  const pid = Number(Deno.readTextFileSync(file).split("\n")[0]);
  if (!commandLine(pid).includes("postgres")) Deno.removeSync(file);
}

function own(path: string, user: ServerUser): void {
  if (user) Deno.chownSync(path, user.uid, user.gid);
}
