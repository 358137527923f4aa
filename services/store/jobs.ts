import type { JobHandlers } from "../shared/jobs.ts";
import { deliverWebhook } from "./deliver_webhook.ts";
import type { Deps } from "./deps.ts";

/** How many jobs run at a time: most only wait for an endpoint's answer. */
export const CONCURRENCY = 12;

/** An endpoint's deliveries are in queues: with the usual rounds it would get ten a second of each. */
export const ROUND_MS = 10;

/** The store service's jobs. */
export function createJobs(deps: Deps): JobHandlers {
  const { repository, webhooks } = deps;
  return {
    deliver_webhook: deliverWebhook(deps),
    forget_deliveries: (payload) => webhooks.forgetDeliveries((payload as { webhook_id: string }).webhook_id),
    reap_events: () => repository.reapEvents(),
  };
}

/** When they run by themselves. */
export const crontab = "17 * * * * reap_events";
