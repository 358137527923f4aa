import { z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../../shared/event_types.ts";
import { Id, pageQuery, text, Time } from "../schemas.ts";

const EventType = z.enum(["*", ...EVENT_TYPES]).openapi("WebhookEventType", {
  description: 'The type of event, or "*" for all.',
  example: "order.paid",
});
const Status = z.enum(["active", "disabled"]).openapi({ example: "active" });
const State = z.enum(["pending", "succeeded", "failed"]).openapi({ example: "succeeded" });

const webhook = {
  id: Id,
  store_id: Id,
  url: z.string().openapi({ example: "https://erp.example/nano" }),
  description: z.string().openapi({ example: "Tells the warehouse." }),
  event_types: z.array(EventType),
  status: Status,
  disabled_reason: z.enum(["manual", "gone", "failing"]).optional().openapi({
    description: "By hand, by an answer 410, or after nothing but failures for 5 days.",
  }),
  failing_since: Time.optional(),
  old_secret_expire_time: Time.optional().openapi({ description: "Until then the secret before signs too." }),
  create_time: Time,
  update_time: Time,
  version: z.int().openapi({ example: 1 }),
};

export const Webhook = z.object(webhook).openapi("Webhook");

export const WebhookWithSecret = z.object({
  ...webhook,
  secret: z.string().openapi({
    description: "Signs the requests, by Standard Webhooks. It is shown this once.",
    example: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
  }),
}).openapi("WebhookWithSecret");

const url = text(2000).openapi({
  description: "https, without a password, at a public address. In development http too.",
  example: "https://erp.example/nano",
});
const event_types = z.array(EventType).min(1).max(50).openapi({ example: ["order.placed", "order.paid"] });
const description = text(2000, 0).openapi({ example: "Tells the warehouse." });
const version = z.int().min(1).max(2 ** 31 - 1).openapi({ description: "The version that the change was made from." });

export const WebhookInput = z.strictObject({
  url,
  event_types,
  description: description.default(""),
  status: Status.default("active"),
}).openapi("WebhookInput", {
  example: { url: "https://erp.example/nano", event_types: ["order.placed", "order.paid"], description: "Warehouse." },
});

export const WebhookUpdate = z.strictObject({ ...WebhookInput.shape, version }).openapi("WebhookUpdate", {
  example: { url: "https://erp.example/nano", event_types: ["*"], version: 1 },
});

export const WebhookPatch = z.strictObject({
  url: url.optional(),
  event_types: event_types.optional(),
  description: description.optional(),
  status: Status.optional(),
  version,
}).openapi("WebhookPatch", { example: { status: "active", version: 2 } });

const delivery = {
  id: Id,
  webhook_id: Id,
  event_id: Id.openapi({ description: "The header webhook-id of every attempt." }),
  event_type: z.string().openapi({ example: "order.paid" }),
  state: State,
  attempt: z.int().openapi({ description: "Attempts made since it was created or begun anew.", example: 1 }),
  next_time: Time.optional().openapi({ description: "When the next attempt is due." }),
  create_time: Time,
};

export const Delivery = z.object(delivery).openapi("WebhookDelivery");

export const DeliveryWithLog = z.object({
  ...delivery,
  body: z.string().openapi({
    description: "What is sent, the same bytes each time.",
    example: '{"type":"order.paid","timestamp":"2026-11-22T09:30:00.000Z","data":{}}',
  }),
  attempts: z.array(z.object({
    id: Id,
    time: Time,
    url: z.string().openapi({ example: "https://erp.example/nano" }),
    request_headers: z.record(z.string(), z.string()).openapi({
      example: { "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=" },
    }),
    request_body_sha256: z.string(),
    response_status: z.int().optional().openapi({ example: 200 }),
    response_start: z.string().openapi({ description: "The first 2 KiB of the answer.", example: "ok" }),
    duration_ms: z.int().openapi({ example: 87 }),
    error: z.string().optional().openapi({ description: "Why no answer came.", example: "timed_out" }),
  })).openapi({ description: "Each request with its answer, the oldest first." }),
}).openapi("WebhookDeliveryWithLog");

export const deliveryQuery = z.object({ ...pageQuery, state: State.optional() });
