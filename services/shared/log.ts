import { ecsFormat } from "@elastic/ecs-pino-format";
import { type DestinationStream, type Logger, pino } from "pino";
import { currentContext } from "./context.ts";

const LEVELS = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error" } as const;

/** Anything that looks like a card number: 13 to 19 digits, perhaps with spaces or hyphens, that are no part of an id. */
const CARD = /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g;

/** Fields that are secret wherever they stand. */
const SECRETS = ["password", "token", "access_token", "refresh_token", "authorization", "secret"];

/** Where a process writes what happens. */
export type Log = Logger;

/**
 * The log of a process: one ECS JSON line per event on stdout, with the request id. Secrets by name and card-like
 * numbers are masked. DEBUG shows everything, whatever the level: the stacks of refusals and the names of statements.
 */
export function createLog(
  service: string,
  config: { LOG_LEVEL: keyof typeof LEVELS; DEBUG?: boolean },
  destination: DestinationStream = stdout(),
): Log {
  const options = {
    ...ecsFormat({ serviceName: service, apmIntegration: false }),
    level: config.DEBUG ? "debug" : LEVELS[config.LOG_LEVEL],
    redact: {
      paths: SECRETS.flatMap((name) => [name, `*.${name}`]),
      censor: "***",
    },
    mixin: () => {
      const context = currentContext();
      return context ? { http: { request: { id: context.request_id } } } : {};
    },
    hooks: {
      streamWrite: (line: string) => line.replace(CARD, "***"),
    },
  };
  return pino(options, destination);
}

/** What of the log waits for a disk that is full; beyond it lines are lost. */
const MAX_WAITING = 1024 * 1024;

/** Stdout, which may be closed or full: then a process goes on without its log rather than not at all. */
function stdout(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: true, maxLength: MAX_WAITING });
  stream.on("error", () => {});
  return stream;
}
