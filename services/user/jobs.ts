import type { JobHandlers } from "../shared/jobs.ts";
import { publishEvent } from "../shared/publish_event.ts";
import type { Deps } from "./deps.ts";
import { eraseEverywhere } from "./erase_user.ts";
import { sendMail } from "./send_mail.ts";

/** Hourly: sessions, refresh tokens and mailed links that are of no more use are deleted. */
export const crontab = "17 * * * * reap_sessions";

/** The jobs of the user service. */
export function createJobs(deps: Deps): JobHandlers {
  const { repository, neighbours } = deps;
  return {
    publish_event: publishEvent(neighbours.store),
    reap_sessions: async () => {
      await repository.reap();
      await repository.reapMailTokens();
    },
    request_reset: async (payload) => {
      const { email, store_id } = payload as { email: string; store_id: string };
      await repository.insertResetToken(email, store_id || undefined);
    },
    send_mail: (payload) => sendMail(deps, (payload as { id: string }).id),
    erase_user: (payload) => eraseEverywhere(deps, (payload as { id: string }).id),
  };
}
