import type { JobHandlers } from "../shared/jobs.ts";
import type { Repository } from "./repository.ts";

/** The store service's jobs. */
export function createJobs({ repository }: { repository: Repository }): JobHandlers {
  return {
    reap_events: () => repository.reapEvents(),
  };
}

/** When they run by themselves. */
export const crontab = "17 3 * * * reap_events";
