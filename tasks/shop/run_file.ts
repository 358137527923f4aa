import { join } from "node:path";
import { z } from "zod";
import { birth, end } from "./birth.ts";
import { Refusal } from "./refusal.ts";

/** A process id, and when it began: ids are used again, and only both together name a process. */
const processSchema = z.object({ pid: z.number().int(), born: z.string() });

const runSchema = z.object({
  starter: processSchema,
  /** Filled in when the shop is ready. */
  gateway: z.string().optional(),
  admin: z.string().optional(),
  database: z.string().optional(),
  redis: z.string().optional(),
  /** Where each process serves its health and metrics. */
  health: z.record(z.string(), z.string()).optional(),
  children: z.record(z.string(), processSchema),
});

/** What a running shop says of itself in `<DATA_DIR>/run.json`. */
export type Run = z.infer<typeof runSchema>;

const path = (dataDir: string) => join(dataDir, "run.json");

/** Reads what the shop on this data directory, running or killed, said of itself. */
export function readRun(dataDir: string): Run | undefined {
  try {
    return runSchema.parse(JSON.parse(Deno.readTextFileSync(path(dataDir))));
  } catch {
    // Absent, or half-written by a starter that was killed: nothing to go by.
    return undefined;
  }
}

/** The running shop, or a sentence that there is none. */
export function runningShop(dataDir: string): Run {
  const run = readRun(dataDir);
  if (!run || !lives(run.starter)) throw new Refusal(`No shop is running on ${dataDir}; start one by: deno task start`);
  return run;
}

/** Whether it is that very process that runs under the id. */
export function lives({ pid, born }: Run["starter"]): boolean {
  return birth(pid) === born;
}

/** Holds the data directory for one starter: a lock that the system lets go of however the starter ends. */
export class RunFile {
  #run: Run = { starter: identify(Deno.pid), children: {} };
  #lock: Deno.FsFile | undefined;

  constructor(readonly dataDir: string) {
    const lock = Deno.openSync(join(dataDir, "lock"), { write: true, create: true, mode: 0o600 });
    if (!lock.tryLockSync(true)) {
      lock.close();
      const pid = readRun(dataDir)?.starter.pid;
      throw new Refusal(
        `Cannot start as a shop is already running on ${dataDir}${pid ? ` (process ${pid})` : ""}; ` +
          "stop it by `deno task stop`, or choose another DATA_DIR.",
      );
    }
    this.#lock = lock;
  }

  /** Ends what a killed starter left running. Call before anything is started. */
  async endLeftovers(say: (line: string) => void): Promise<void> {
    const left = Object.entries(readRun(this.dataDir)?.children ?? {}).filter(([, process]) => lives(process));
    const isServer = (name: string) => name === "postgres" || name === "redis";
    // Services first: while they finish they need their servers.
    for (const servers of [false, true]) {
      await Promise.all(
        left.filter(([name]) => isServer(name) === servers).map(([name, { pid }]) => {
          say(`ending ${name}, left running by a shop that was killed`);
          return end(pid, name === "postgres" ? "SIGINT" : "SIGTERM");
        }),
      );
    }
    this.#write();
  }

  /** Records a child, so that a next start can end it. */
  started(name: string, pid: number): void {
    this.#run.children[name] = identify(pid);
    this.#write();
  }

  /** Records where the shop is found. */
  set(found: Pick<Run, "gateway" | "admin" | "database" | "redis" | "health">): void {
    Object.assign(this.#run, found);
    this.#write();
  }

  /** Removes the record and lets go of the directory. */
  close(): void {
    if (!this.#lock) return;
    try {
      Deno.removeSync(path(this.dataDir));
    } catch {
      // Never written.
    }
    this.#lock.close();
    this.#lock = undefined;
  }

  #write(): void {
    const next = `${path(this.dataDir)}.next`;
    Deno.writeTextFileSync(next, JSON.stringify(this.#run, null, 2) + "\n", { mode: 0o600 });
    Deno.renameSync(next, path(this.dataDir));
  }
}

/** A process that has ended already is born "", which no process is. */
function identify(pid: number): Run["starter"] {
  return { pid, born: birth(pid) ?? "" };
}
