import { base, readConfig } from "../services/shared/config.ts";
import { createLog, type Log } from "../services/shared/log.ts";

const { ENVIRONMENT, LOG_LEVEL, DEBUG } = base;

let made: Log | undefined;

/** The console's log, one in the process. Made at first use, as the build has no settings. */
export function log(): Log {
  return made ??= createLog("admin", readConfig({ ENVIRONMENT, LOG_LEVEL, DEBUG }));
}
