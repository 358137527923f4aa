import { conflict, invalid, notFound } from "../shared/errors.ts";
import { isEventType } from "../shared/event_types.ts";

/** The event that tries a webhook out; it goes there whatever its types are. */
export const TEST_EVENT = "webhook.test";

/** Whether anything is sent to a webhook. */
export type WebhookStatus = "active" | "disabled";
/** Who or what disabled a webhook: staff, its answer 410, or failures for days. */
export type DisabledReason = "manual" | "gone" | "failing";
/** How far the delivery of one event to one webhook is. */
export type DeliveryState = "pending" | "succeeded" | "failed";

/** Where a merchant is told of events; without its secret. */
export interface Webhook {
  id: string;
  store_id: string;
  url: string;
  description: string;
  event_types: string[];
  status: WebhookStatus;
  disabled_reason: DisabledReason | null;
  failing_since: Date | null;
  old_secret_expire_time: Date | null;
  slow: boolean;
  create_time: Date;
  update_time: Date;
  version: number;
}

/** What a merchant decides of it. */
export type WebhookSettings = Pick<Webhook, "url" | "description" | "event_types" | "status">;

/** Seconds before each attempt, counted from the one before; varied by 20 %. */
export const RETRY_DELAYS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
const JITTER = 0.2;

/** What follows from an attempt. */
export type Verdict =
  | { state: "succeeded" }
  | { state: "failed"; gone: boolean }
  | { state: "pending"; delay: number };

/**
 * Judges the answer to an attempt, the `attempt`th: any 2xx is a success, 410 ends it all, everything else, redirects
 * too, is tried again (`delay` in seconds) until the schedule is over.
 */
export function judge(status: number | undefined, attempt: number, random: () => number = Math.random): Verdict {
  if (status !== undefined && status >= 200 && status < 300) return { state: "succeeded" };
  if (status === 410) return { state: "failed", gone: true };
  const delay = RETRY_DELAYS[attempt];
  if (delay === undefined) return { state: "failed", gone: false };
  const varied = delay * (1 - JITTER + 2 * JITTER * random());
  return { state: "pending", delay: Math.round(varied * 1000) / 1000 };
}

/** What is sent of an event: the same bytes each time. */
export function bodyOf(event: { type: string; time: Date; data: object }): string {
  return JSON.stringify({ type: event.type, timestamp: event.time.toISOString(), data: event.data });
}

/** Checks settings, and leaves out what stands there twice. Whether the URL leads anywhere is for the sender to say. */
export function checkWebhook(
  input: { url: string; description: string; event_types: string[]; status?: string | undefined },
): WebhookSettings {
  const { description, status = "active" } = input;
  // Parsed and written again, so that what is kept is what is called; that may be longer.
  const url = URL.parse(input.url)?.href;
  if (!url || url.length > 2000) throw invalid("invalid_url", "A webhook's URL is not valid.", "/url");
  if (description.length > 2000 || !description.isWellFormed() || description.includes("\0")) {
    throw invalid("invalid_description", "A description has at most 2,000 characters.", "/description");
  }
  const event_types = [...new Set(input.event_types)];
  if (event_types.length === 0) throw invalid("event_types_required", "Name at least one event type.", "/event_types");
  const unknown = input.event_types.findIndex((type) => type !== "*" && !isEventType(type));
  if (unknown >= 0) {
    throw invalid("unknown_event_type", `There is no event of this type to subscribe to.`, `/event_types/${unknown}`);
  }
  if (status !== "active" && status !== "disabled") {
    throw invalid("invalid_status", 'A webhook is "active" or "disabled".', "/status");
  }
  return { url, description, event_types, status };
}

/** The refusal of a webhook that is not there, or is another store's. */
export const unknownWebhook = () => notFound("webhook");
/** The same of a delivery. */
export const unknownDelivery = () => notFound("webhook_delivery");

/** Nothing is sent to a webhook that is disabled. */
export const disabled = () => conflict("webhook_disabled", "The webhook is disabled: set its status to active first.");
