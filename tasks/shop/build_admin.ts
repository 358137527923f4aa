import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Refusal } from "./refusal.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ADMIN = join(ROOT, "admin");
const BUILD = join(ADMIN, "_fresh");

/** The rights of the build: it reads the sources, writes `admin/_fresh`, and asks what Fresh names a build by. */
const RIGHTS = [
  "--no-prompt",
  "--allow-read",
  `--allow-write=${BUILD}`,
  "--allow-env",
  // Deno.bundle() asks for them.
  "--allow-run",
  "--allow-net",
];

/** Builds the operators' console where its sources are newer than its build. Two shops that start at once build once. */
export async function buildAdmin(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  if (!isStale()) return;
  Deno.mkdirSync(BUILD, { recursive: true });
  const lock = Deno.openSync(join(BUILD, "lock"), { write: true, create: true });
  try {
    await lock.lock(true);
    if (!isStale()) return;
    say("building the console");
    // The first time Deno.bundle() fetches its esbuild from npm, so the build goes the way that the packages came:
    // with the user's own environment (proxy, certificates), and not from the cache only.
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...RIGHTS, "admin/dev.ts", "build"],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal,
    });
    const { success, stderr } = await command.output();
    signal.throwIfAborted();
    if (!success) throw new Refusal(`Cannot build the console: ${new TextDecoder().decode(stderr).trim()}`);
  } finally {
    lock.close();
  }
}

/** Whether a source is newer than the build, or there is none. */
function isStale(): boolean {
  const built = changed(join(BUILD, "server.js"));
  const sources = [join(ROOT, "deno.json"), join(ROOT, "deno.lock"), ...walk(ADMIN)];
  return built === undefined || sources.some((path) => (changed(path) ?? 0) > built);
}

function changed(path: string): number | undefined {
  try {
    return Deno.statSync(path).mtime?.getTime();
  } catch {
    return undefined;
  }
}

/** Files and folders (whose time tells of what was removed from them), but of the build. */
function* walk(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (path === BUILD || entry.name === "node_modules") continue;
    if (!/_test\.tsx?$/.test(entry.name)) yield path;
    if (entry.isDirectory) yield* walk(path);
  }
}
