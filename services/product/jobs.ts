import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
import type { Clients } from "./clients.ts";
import { type CopyDeps, copyImage } from "./copy_image.ts";
import { LANES } from "./copy_jobs.ts";

/** Hourly: uploads that never ended are forgotten. */
export const crontab = "41 * * * * reap_uploads";

/** How many jobs run at a time: the usual two beside the images, which wait for others. */
export const CONCURRENCY = 2 + LANES;

/**
 * The product service's jobs: its events on their way to the store service, which takes each once, images on their way
 * from elsewhere, and tidying up.
 */
export function createJobs(deps: Pick<Clients, "store"> & CopyDeps): JobHandlers {
  return {
    publish_event: publishEvent(deps.store),
    copy_image: copyImage(deps),
    reap_uploads: () => deps.repository.media.reap(),
  };
}
