import type { JobHandlers } from "../shared/jobs.ts";
import type { Deps } from "./deps.ts";

/** The cart service's jobs. */
export function createJobs({ repository }: Pick<Deps, "repository">): JobHandlers {
  return {
    reap_carts: () => repository.reap(),
  };
}

/** When they run by themselves. */
export const crontab = "43 * * * * reap_carts";
