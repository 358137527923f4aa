import { type JobHandlers, publishEvent } from "../shared/jobs.ts";
import type { Clients } from "./clients.ts";

/** The product service's jobs: its events on their way to the store service, which takes each once. */
export function createJobs({ store }: Pick<Clients, "store">): JobHandlers {
  return { publish_event: publishEvent(store) };
}
