import type { JobHandlers } from "../shared/jobs.ts";
import { publishEvent } from "../shared/publish_event.ts";
import type { Neighbours } from "./clients.ts";
import { eraseEverywhere } from "./erase_user.ts";
import type { Repository } from "./repository.ts";
import { sendMail, type SendMailDeps } from "./send_mail.ts";

/** Hourly: sessions, refresh tokens and mailed links that are of no more use are deleted. */
export const crontab = "17 * * * * reap_sessions";

interface JobDeps extends Omit<SendMailDeps, "store"> {
  repository: Repository;
  neighbours: Neighbours;
}

/** The jobs of the user service. */
export function createJobs(deps: JobDeps): JobHandlers {
  const { repository, neighbours: { store } } = deps;
  return {
    publish_event: publishEvent(store),
    reap_sessions: async () => {
      await repository.reap();
      await repository.reapMailTokens();
    },
    request_reset: async (payload) => {
      const { email, store_id } = payload as { email: string; store_id: string };
      await repository.insertResetToken(email, store_id || undefined);
    },
    send_mail: (payload) => sendMail({ ...deps, store }, (payload as { id: string }).id),
    erase_user: (payload) => eraseEverywhere(deps, (payload as { id: string }).id),
  };
}
