/** For tests only: a terminal in which `deno task …` is typed. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { birth } from "./shop/birth.ts";
import { baseEnvironment, type Child, delay, spawnChild } from "./shop/children.ts";
import { LogFile } from "./shop/log_file.ts";
import { findPort } from "./shop/ports.ts";
import { readRun } from "./shop/run_file.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** One `deno task …`, as a user would type it, on a data directory and ports of its own. */
export class Terminal {
  readonly dataDir = Deno.makeTempDirSync({ prefix: "nano-start-" });
  readonly gateway = findPort();
  readonly admin = findPort();
  readonly #started: Child[] = [];

  constructor() {
    Deno.chmodSync(this.dataDir, 0o711);
  }

  /** Types a command; as a list where a word of it has spaces. */
  type(task: string | readonly string[], environment: Record<string, string> = {}) {
    const lines: string[] = [];
    const child = spawnChild({
      program: Deno.execPath(),
      args: ["task", "--quiet", ...(typeof task === "string" ? task.split(" ") : task)],
      cwd: ROOT,
      env: {
        ...baseEnvironment(),
        DATA_DIR: this.dataDir,
        GATEWAY_PORT: String(this.gateway),
        ADMIN_PORT: String(this.admin),
        SEED: "none",
        ...environment,
      },
    }, { log: new LogFile(join(this.dataDir, "terminal.log")), onLine: (line) => lines.push(line) });
    this.#started.push(child);
    let ended = false;
    child.ended.then(() => ended = true);
    const shown = async (pattern: RegExp, seconds = 60) => {
      for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(20)) {
        const line = lines.find((line) => pattern.test(line));
        if (line) return line;
        if (ended) break;
      }
      throw new Error(`Nothing like ${pattern} was shown, but:\n${lines.join("\n")}`);
    };
    return { child, lines, shown };
  }

  /** The process ids of everything that a shop on this directory runs. */
  children(): number[] {
    return Object.values(readRun(this.dataDir)?.children ?? {}).map(({ pid }) => pid);
  }

  async close() {
    for (const pid of this.children()) if (runs(pid)) Deno.kill(pid, "SIGKILL");
    for (const child of this.#started) child.kill();
    await Deno.remove(this.dataDir, { recursive: true });
  }
}

/** A zombie, where nobody reaps orphans at once, runs no longer. */
export function runs(pid: number): boolean {
  return birth(pid) !== undefined;
}
