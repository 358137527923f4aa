import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
import type { Clients } from "./clients.ts";
import type { Repository } from "./repository.ts";

/** Daily at a quiet hour: sessions and refresh tokens that are of no more use are deleted. */
export const crontab = "17 3 * * * reap_sessions";

/** The jobs of the user service. */
export function createJobs(
  { repository, clients }: { repository: Repository; clients: { store: Pick<Clients["store"], "publishEvent"> } },
): JobHandlers {
  return {
    publish_event: publishEvent(clients.store),
    reap_sessions: () => repository.reap(),
  };
}
