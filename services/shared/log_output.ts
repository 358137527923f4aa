/** What of the log waits for a reader that is slow, in characters; beyond it lines are lost, and counted. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Lines wait so long for others, to be written together. */
const GATHER_MS = 10;
/** A write of so many characters ends for a reader that is there. */
const MAX_BATCH = 256 * 1024;

/** Takes bytes; like Deno.stdout. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
}

/** Where log lines go. */
export interface LogOutput {
  /** Takes a line; never waits, and never throws. */
  write(line: string): void;
  /** Resolves once all that was taken is written, or lost. */
  flush(): Promise<void>;
  /** Writes what is left, at once: for a process that is about to die. */
  flushSync(): void;
  /** How many lines were lost so far. */
  lost(): number;
}

/**
 * Writes lines in the background, several at a time. What can't be written, as the output is closed, full or too slow,
 * is lost and counted: a process goes on without its log rather than not at all.
 */
export function createLogOutput(sink: Sink, maxWaiting = MAX_WAITING): LogOutput {
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let size = 0;
  let lost = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;

  /** Takes the lines of one write off the queue. */
  function take(): string[] {
    let [end, length] = [0, 0];
    while (end < waiting.length && (end === 0 || length < MAX_BATCH)) length += waiting[end++]?.length ?? 0;
    const lines = waiting.slice(0, end);
    waiting = end === waiting.length ? [] : waiting.slice(end);
    size -= length;
    return lines;
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const lines = take();
      const bytes = encoder.encode(lines.join(""));
      try {
        for (let done = 0; done < bytes.length;) done += await sink.write(bytes.subarray(done));
      } catch {
        lost += lines.length;
      }
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    writing ??= drain().finally(() => {
      writing = undefined;
      if (waiting.length > 0) start();
    });
  }

  return {
    write(line) {
      if (size + line.length > maxWaiting) {
        lost++;
        return;
      }
      waiting.push(line);
      size += line.length;
      if (writing) return;
      // A warning or an error may be the last that this process says.
      if (!isUsual(line)) start();
      else timer ??= setTimeout(start, GATHER_MS);
    },

    async flush() {
      while (waiting.length > 0 || writing) {
        start();
        await writing;
      }
    },

    flushSync() {
      while (waiting.length > 0) {
        const lines = take();
        const bytes = encoder.encode(lines.join(""));
        try {
          for (let done = 0; done < bytes.length;) done += sink.writeSync(bytes.subarray(done));
        } catch {
          lost += lines.length;
        }
      }
    },

    lost: () => lost,
  };
}

const LEVELS: Record<string, string> = { d: "debug", i: "info", w: "warn", e: "error" };
const LEVEL_AT = '{"log.level":"'.length;

/** The level of a line as this program writes them. */
export function levelOf(line: string): string {
  return LEVELS[line.charAt(LEVEL_AT)] ?? "other";
}

function isUsual(line: string): boolean {
  const level = line.charAt(LEVEL_AT);
  return level === "i" || level === "d";
}
