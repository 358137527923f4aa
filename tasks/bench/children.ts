import { fileURLToPath } from "node:url";
import type { Load, LoadResult } from "./load.ts";

/** A process of the bench itself, gone with it. */
export interface Helper {
  pid: number;
  stop(): Promise<void>;
}

/** The load generator, a process of its own, that runs one load at a time. */
export interface Generator extends Helper {
  run(load: Load): Promise<LoadResult>;
}

/** Starts the load generator. */
export function startGenerator(): Generator {
  const child = start("load.ts", [], "piped");
  const writer = child.stdin.getWriter();
  const answers = lines(child.stdout);
  return {
    ...helper(child),
    async run(load) {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(load)}\n`));
      const { value, done } = await answers.next();
      if (done) throw new Error("Cannot measure as the load generator ended.");
      return JSON.parse(value) as LoadResult;
    },
  };
}

/** Starts a server of floors.ts. */
export function startFloor(args: string[]): Helper {
  return helper(start("floors.ts", args, "null"));
}

function start(file: string, args: string[], stdio: "piped" | "null"): Deno.ChildProcess {
  const script = fileURLToPath(new URL(file, import.meta.url));
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--cached-only", "-P=tasks", script, ...args],
    stdin: stdio,
    stdout: stdio,
    stderr: "inherit",
  }).spawn();
}

function helper(child: Deno.ChildProcess): Helper {
  return {
    pid: child.pid,
    async stop() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
    },
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const found = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = found.pop() ?? "";
    yield* found;
  }
  return undefined;
}
