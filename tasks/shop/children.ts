import type { LogFile } from "./log_file.ts";

/** How a process is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The user to run it as, where the starter is root and the program refuses to be. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Where a process's output goes: all of it to a file, line by line to a reader. */
export interface Output {
  readonly log: LogFile;
  readonly onLine?: (line: string) => void;
}

/** A running process. */
export interface Child {
  readonly pid: number;
  /** Settles when it has ended; says how ("exit code 1", "SIGKILL"). */
  readonly ended: Promise<string>;
  /** To the process alone: it knows its own children. */
  signal(signal: Deno.Signal): void;
  /** To the whole group, at once. */
  kill(): void;
}

const LINE_LIMIT = 64 * 1024;

/** Starts a process in a session and group of its own, so that Ctrl-C in the terminal reaches only the starter. */
export function spawnChild(command: Command, output: Output): Child {
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    env: { ...command.env },
    ...(command.cwd ? { cwd: command.cwd } : {}),
    clearEnv: true,
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...command.user,
  }).spawn();
  const read = Promise.all([pump(child.stdout, output), pump(child.stderr, output)]);
  const send = (pid: number, signal: Deno.Signal) => {
    try {
      Deno.kill(pid, signal);
    } catch {
      // It has ended already.
    }
  };
  return {
    pid: child.pid,
    ended: child.status.then(async (status) => {
      // A grandchild may hold the pipe open: the end of the process is what counts.
      await Promise.race([read, delay(200)]);
      return status.signal ?? `exit code ${status.code}`;
    }),
    signal: (signal) => send(child.pid, signal),
    kill: () => send(-child.pid, "SIGKILL"),
  };
}

/** The variables that Deno itself, or any program, needs to run at all. */
export function baseEnvironment(): Record<string, string> {
  const found: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  for (const name of ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", "LANG"]) {
    const value = Deno.env.get(name);
    if (value) found[name] = value;
  }
  return found;
}

/** Waits; an aborted signal ends the wait early, without an error. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

async function pump(stream: ReadableStream<Uint8Array>, output: Output): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    output.log.write(bytes);
    if (!output.onLine) continue;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(-LINE_LIMIT);
    for (const line of lines) output.onLine(line);
  }
  if (rest) output.onLine?.(rest);
}
