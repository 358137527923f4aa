import type { JobHandlers } from "../shared/jobs.ts";
import { publishEvent } from "../shared/publish_event.ts";
import { checkHolds } from "./check_holds.ts";
import { copyImage } from "./copy_image.ts";
import { LANES } from "./copy_jobs.ts";
import type { Deps } from "./deps.ts";

/** Every ten minutes holds that outlived their orders are ended; hourly uploads that never ended are forgotten. */
export const crontab = "*/10 * * * * check_holds\n41 * * * * reap_uploads";

/** How many jobs run at a time: two beside the images, which wait for others. */
export const CONCURRENCY = 2 + LANES;

/**
 * The product service's jobs: its events on their way to the store service, which takes each once, images on their way
 * from elsewhere, and tidying up.
 */
export function createJobs(deps: Deps): JobHandlers {
  return {
    publish_event: publishEvent(deps.neighbours.store),
    copy_image: copyImage(deps),
    check_holds: () => checkHolds(deps),
    reap_uploads: () => deps.repository.media.reap(),
  };
}
