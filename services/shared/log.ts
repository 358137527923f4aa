import { ecsFormat } from "@elastic/ecs-pino-format";
import { type DestinationStream, type Logger, pino } from "pino";
import { currentContext } from "./context.ts";
import { createLogOutput, levelOf, type LogOutput } from "./log_output.ts";
import { readable } from "./log_readable.ts";
import { counter, total } from "./metrics.ts";
import { redact } from "./redact.ts";
import { traceOf } from "./trace.ts";

/** The levels by the names that LOG_LEVEL has. */
const LEVELS = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error" } as const;

/** Anything that looks like a card number: 13 to 19 digits, perhaps with spaces or hyphens, that are no part of an id. */
const CARD = /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g;

/** Where a process writes what happens. */
export type Log = Logger;

/**
 * The log of a process: one ECS JSON line per event on stdout, with the ids of request and trace, the store and who
 * acts. Secrets by name and what looks like personal data are masked. DEBUG shows everything, whatever the level: the
 * stacks of refusals and the names of statements.
 */
export function createLog(
  service: string,
  config: { LOG_LEVEL: keyof typeof LEVELS; DEBUG?: boolean },
  destination?: DestinationStream,
): Log {
  const options = {
    ...ecsFormat({ serviceName: service, apmIntegration: false }),
    level: config.DEBUG ? "debug" : LEVELS[config.LOG_LEVEL],
    mixin: factsOfContext,
    hooks: { streamWrite: masked },
  };
  const log = pino(options, destination ?? stdout());
  if (!destination) own = log;
  return log;
}

/** A line, or a part of one, without what must not be in a log. */
export function masked(text: string): string {
  return redact(text.replace(CARD, "***"));
}

/** What each line says of the request or job under way. */
function factsOfContext(): Record<string, unknown> {
  const context = currentContext();
  if (!context) return traceOf(undefined);
  const { request_id, actor, store } = context;
  return {
    http: { request: { id: request_id } },
    ...traceOf(context),
    ...(actor.user_id ? { user: { id: actor.user_id } } : {}),
    labels: { actor: actor.kind, ...(store ? { store } : {}) },
  };
}

/** The process's own log, whose level can be changed while it runs. */
let own: Log | undefined;
let output: LogOutput | undefined;

/** The level of the process's own log, by the name that LOG_LEVEL has. */
export function logLevel(): string {
  return Object.entries(LEVELS).find(([, level]) => level === own?.level)?.[0] ?? "INFO";
}

/** Changes the level of the process's own log until the process ends; tells whether there is such a level. */
export function setLogLevel(name: string): boolean {
  const level = Object.hasOwn(LEVELS, name) ? LEVELS[name as keyof typeof LEVELS] : undefined;
  if (own && level) own.level = level;
  return level !== undefined;
}

/** Waits until all that was logged is written, but no longer than a second: for the end of a process. */
export async function flushLog(): Promise<void> {
  await Promise.race([output?.flush(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
}

const lines = counter("nano_log_lines_total", "Lines logged, by level.", ["level"]);
total("nano_log_lines_lost_total", "Log lines that could not be written.", () => output?.lost() ?? 0);

/** The process's stdout: JSON lines, or readable ones on a terminal. What is logged last, in a crash too, is written. */
function stdout(): DestinationStream {
  if (!output) {
    const made = output = createLogOutput(Deno.stdout);
    for (const event of ["error", "unhandledrejection", "unload"]) addEventListener(event, () => made.flushSync());
  }
  const { write } = output;
  const terminal = Deno.stdout.isTerminal();
  return {
    write(line: string) {
      lines.inc({ level: levelOf(line) });
      write(terminal ? readable(line) : line);
    },
  };
}
