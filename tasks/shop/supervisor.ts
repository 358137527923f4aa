import { type Child, type Command, delay, type Output, spawnChild } from "./children.ts";

const [FIRST_WAIT, LONGEST_WAIT, STEADY] = [250, 10_000, 30_000];

/** What a supervised process is, and how it likes to be stopped. */
export interface Spec {
  readonly name: string;
  readonly command: Command;
  readonly output: Output;
  /** The signal that means "finish and go": SIGTERM, for PostgreSQL SIGINT. */
  readonly stopSignal?: Deno.Signal;
  /** How long it may take to go before it is killed. */
  readonly patience?: number;
}

/** Told of what happens to a supervised process. */
export interface Watcher {
  started(name: string, pid: number): void;
  died(name: string, how: string, restartIn: number): void;
}

/** How long to wait before a restart: 250 ms doubling to 10 s; a process that lived 30 s starts over. */
export function nextWait(previous: number | undefined, livedFor: number): number {
  return previous === undefined || livedFor >= STEADY ? FIRST_WAIT : Math.min(previous * 2, LONGEST_WAIT);
}

/** One process kept running until it is told to stop. */
export class Supervised {
  /** How often it ended without being asked to. */
  deaths = 0;
  #child: Child | undefined;
  #stopping = false;
  #wait: number | undefined;
  #life: Promise<void>;
  #resting = new AbortController();

  constructor(readonly spec: Spec, readonly watcher: Watcher) {
    this.#life = this.#live();
  }

  /** Asks it to go, waits, kills what remains; resolves when nothing of it runs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#resting.abort();
    this.#child?.signal(this.spec.stopSignal ?? "SIGTERM");
    const gone = new AbortController();
    await Promise.race([this.#life, delay(this.spec.patience ?? 25_000, gone.signal)]);
    gone.abort();
    this.#child?.kill();
    await this.#life;
  }

  /** The running process, if it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it again at once, should it be waiting for that after a death. */
  wake(): void {
    this.#wait = undefined;
    if (this.#stopping) return;
    this.#resting.abort();
    this.#resting = new AbortController();
  }

  /** Kills it now. */
  kill(): void {
    this.#stopping = true;
    this.#resting.abort();
    this.#child?.kill();
  }

  async #live(): Promise<void> {
    while (!this.#stopping) {
      const began = Date.now();
      const how = await this.#once().catch(String);
      if (this.#stopping) return;
      this.deaths++;
      this.#wait = nextWait(this.#wait, Date.now() - began);
      this.watcher.died(this.spec.name, how, this.#wait);
      await delay(this.#wait, this.#resting.signal);
    }
  }

  /** Runs it once; says how it ended. */
  async #once(): Promise<string> {
    const child = spawnChild(this.spec.command, this.spec.output);
    this.#child = child;
    this.watcher.started(this.spec.name, child.pid);
    const how = await child.ended;
    this.#child = undefined;
    // What it started and left behind goes with it.
    child.kill();
    return how;
  }
}
