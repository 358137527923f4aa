import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
import type { Clients } from "./clients.ts";
import type { Repository } from "./repository.ts";
import { createSendMail, type SendMailDeps } from "./send_mail.ts";

/** Daily at a quiet hour: sessions, refresh tokens and mailed links that are of no more use are deleted. */
export const crontab = "17 3 * * * reap_sessions";

/** How many jobs run at a time: a mail server that is slow must not hold up the events. */
export const concurrency = 4;

interface JobDeps extends Omit<SendMailDeps, "store"> {
  repository: Repository;
  clients: { store: Pick<Clients["store"], "publishEvent" | "getStore"> };
}

/** The jobs of the user service. */
export function createJobs({ clients, ...deps }: JobDeps): JobHandlers {
  const { repository } = deps;
  const sendMail = createSendMail({ ...deps, store: clients.store });
  return {
    publish_event: publishEvent(clients.store),
    reap_sessions: async () => {
      await repository.reap();
      await repository.reapMailTokens();
    },
    request_reset: async (payload) => {
      const { email, store_id } = payload as { email: string; store_id: string };
      await repository.insertResetToken(email, store_id || undefined);
    },
    send_mail: (payload) => sendMail((payload as { id: string }).id),
  };
}
