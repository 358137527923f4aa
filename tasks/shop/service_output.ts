import { join } from "node:path";
import { LogFile } from "./log_file.ts";
import type { Output } from "./children.ts";

const PER_SECOND = 5;

/** Keeps all that a process prints in `<logDir>/<name>.log` and says its warnings and errors, short, at the terminal. */
export function serviceOutput(logDir: string, name: string, say: (line: string) => void): Output {
  let [second, said] = [0, 0];
  return {
    log: new LogFile(join(logDir, `${name}.log`)),
    onLine(line) {
      const short = shortened(line);
      if (!short) return;
      const now = Math.floor(Date.now() / 1000);
      if (now !== second) [second, said] = [now, 0];
      // A storm of errors stays readable: the rest is in the file.
      if (++said <= PER_SECOND) say(`${name}: ${short}`);
    },
  };
}

/** What of a log line is worth the terminal: a warning's or error's message, or what is no log line at all. */
export function shortened(line: string): string | undefined {
  if (!line.trim() || /^\s+at /.test(line)) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const level = String(entry["log.level"] ?? "");
    if (!["warn", "error", "fatal"].includes(level)) return undefined;
    const error = entry.error as { message?: string } | undefined;
    const reason = entry["error.message"] ?? error?.message;
    return `${level}: ${entry.message ?? ""}${reason ? ` (${reason})` : ""}`.slice(0, 300);
  } catch {
    return line.slice(0, 300);
  }
}
