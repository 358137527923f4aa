import type { Readiness } from "./health.ts";
import { flushLog, type Log } from "./log.ts";

/** How long a process keeps serving after SIGTERM, until everyone knows that it is not ready: 0 in development. */
const LINGER_MS = { development: 0, production: 5_000 };
const DRAIN_MS = 15_000;

/**
 * Ends the process well on SIGTERM or SIGINT: not ready at once, serving a while longer, then each step in its order,
 * exit 0. A step gets the rest of 15 s. A second signal exits at once.
 */
export function onShutdown(
  config: { ENVIRONMENT: keyof typeof LINGER_MS },
  log: Log,
  readiness: Readiness,
  steps: (() => Promise<unknown>)[],
): void {
  const stop = async () => {
    if (readiness.draining) Deno.exit(1);
    readiness.draining = true;
    await wait(LINGER_MS[config.ENVIRONMENT]);
    const end = Date.now() + DRAIN_MS;
    for (const step of steps) {
      await Promise.race([step(), wait(Math.max(100, end - Date.now()))]).catch((error) =>
        log.error({ err: error }, "a step of the shutdown failed")
      );
    }
    log.debug("stopped");
    await flushLog();
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGTERM", stop);
  Deno.addSignalListener("SIGINT", stop);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
