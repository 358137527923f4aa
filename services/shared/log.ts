import { ecsFormat } from "@elastic/ecs-pino-format";
import { type Logger, pino } from "pino";
import { currentContext } from "./context.ts";

const LEVELS = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error" } as const;

/** Anything that looks like a card number: 13 to 19 digits, perhaps with spaces or hyphens, that are no part of an id. */
const CARD = /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g;

export type Log = Logger;

/**
 * The log of a process: one ECS JSON line per event on stdout, with the request id. Secrets by name and card-like
 * numbers are masked.
 */
export function createLog(service: string, config: { LOG_LEVEL: keyof typeof LEVELS; DEBUG?: boolean }): Log {
  return pino({
    ...ecsFormat({ serviceName: service, apmIntegration: false }),
    level: LEVELS[config.LOG_LEVEL],
    redact: {
      paths: ["password", "*.password", "token", "*.token", "refresh_token", "*.refresh_token", "authorization"],
      censor: "***",
    },
    mixin: () => {
      const context = currentContext();
      return context ? { http: { request: { id: context.request_id } } } : {};
    },
    hooks: {
      streamWrite: (line: string) => line.replace(CARD, "***"),
    },
  });
}
