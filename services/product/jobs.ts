import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
import type { Clients } from "./clients.ts";
import type { Repository } from "./repository.ts";

/** Hourly: uploads that never ended are forgotten. */
export const crontab = "41 * * * * reap_uploads";

/** The product service's jobs: its events on their way to the store service, which takes each once, and tidying up. */
export function createJobs(
  { store, repository }: Pick<Clients, "store"> & { repository: Pick<Repository, "media"> },
): JobHandlers {
  return { publish_event: publishEvent(store), reap_uploads: () => repository.media.reap() };
}
