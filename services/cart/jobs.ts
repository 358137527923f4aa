import type { JobHandlers } from "../shared/jobs.ts";
import type { Repository } from "./repository.ts";

/** The cart service's jobs. */
export function createJobs({ repository }: { repository: Repository }): JobHandlers {
  return {
    reap_carts: () => repository.reap(),
  };
}

/** When they run by themselves. */
export const crontab = "43 * * * * reap_carts";
