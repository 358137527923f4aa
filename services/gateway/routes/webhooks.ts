import { createRoute, z } from "@hono/zod-openapi";
import type {
  Webhook as WebhookMessage,
  WebhookDelivery as DeliveryMessage,
  WebhookInput as InputMessage,
  WebhookWithSecret as SecretMessage,
} from "../../../proto/gen/nano/store/v1/store.ts";
import type { Deps } from "../app.ts";
import type { RequestContext } from "../env.ts";
import { allow, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { pageOf, pageQuery, presentPage } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";
import {
  Delivery,
  deliveryQuery,
  DeliveryWithLog,
  Webhook,
  WebhookInput,
  WebhookPatch,
  WebhookUpdate,
  WebhookWithSecret,
} from "./webhook_schemas.ts";

const tags = ["Webhooks"];
const params = z.object({ id: z.string().openapi({ description: "The id." }) });

/** /webhooks: where a store's merchant is told of events. */
export function webhookRoutes({ clients: { store }, stores }: Deps) {
  const app = createRoutes();
  const read = [allow("webhook:read")];
  const write = [allow("webhook:write"), visible((id) => store.getWebhook({ id }))];

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "List webhooks",
      description: "Those of the request's store, for its managers; the newest first.",
      middleware: [inOwnStore(stores, "webhook:read")] as const,
      request: { query: z.object(pageQuery) },
      responses: answers(200, "A page of webhooks.", pageOf(Webhook), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const store_id = (await stores.of(c)).id;
      const page = await store.listWebhooks({ store_id, ...query, count: count === "exact" });
      return fresh(c).json(presentPage(page, presentWebhook), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary: "Create a webhook",
      description: "The answer shows the secret, this once. Requests are signed by Standard Webhooks " +
        "(<https://www.standardwebhooks.com>): `webhook-id`, `webhook-timestamp`, `webhook-signature`; any 2xx within 15 s " +
        "is a success, 410 disables the webhook, and all else is tried again up to nine times over three days.",
      middleware: [inOwnStore(stores, "webhook:write")] as const,
      request: { body: jsonBody(WebhookInput) },
      responses: answers(201, "The webhook with its secret.", WebhookWithSecret, 401, 403, 404, 409),
    }),
    async (c) => {
      const store_id = (await stores.of(c)).id;
      const made = await store.createWebhook({ store_id, webhook: c.req.valid("json") });
      c.header("Location", `/webhooks/${made.webhook?.id}`);
      return fresh(c).json(presentSecret(made), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags,
      summary: "Get a webhook",
      middleware: read,
      request: { params },
      responses: answers(200, "The webhook.", Webhook, 401, 403, 404),
    }),
    async (c) => fresh(c).json(presentWebhook(await store.getWebhook(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}",
      tags,
      summary: "Replace a webhook's settings",
      description: "What is left out goes back to its default. Disabling gives up what is on its way.",
      middleware: write,
      request: { params, body: jsonBody(WebhookUpdate) },
      responses: answers(200, "The webhook.", Webhook, 401, 403, 404, 409),
    }),
    async (c) => {
      const { version, ...webhook } = c.req.valid("json");
      return c.json(presentWebhook(await store.updateWebhook({ ...c.req.valid("param"), webhook, version })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/{id}",
      tags,
      summary: "Change some of a webhook's settings",
      middleware: write,
      request: { params, body: jsonBody(WebhookPatch) },
      responses: answers(200, "The webhook.", Webhook, 401, 403, 404, 409),
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      const { version, ...changes } = c.req.valid("json");
      const { url, description, event_types, status } = await store.getWebhook({ id });
      const webhook: InputMessage = { url, description, event_types, status, ...defined(changes) };
      return c.json(presentWebhook(await store.updateWebhook({ id, webhook, version })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags,
      summary: "Delete a webhook and its log",
      middleware: write,
      request: { params },
      responses: answers(204, "It is gone.", undefined, 401, 403, 404),
    }),
    async (c) => {
      await store.deleteWebhook(c.req.valid("param"));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/secret",
      tags,
      summary: "Make a new secret",
      description: "The answer shows it, this once. For 24 hours requests carry a signature by the old one, too.",
      middleware: write,
      request: { params },
      responses: answers(200, "The webhook with its new secret.", WebhookWithSecret, 401, 403, 404),
    }),
    async (c) => fresh(c).json(presentSecret(await store.rotateWebhookSecret(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/test",
      tags,
      summary: "Send a webhook a test event",
      description: "Of type `webhook.test`, whatever its types are.",
      middleware: write,
      request: { params },
      responses: answers(202, "The delivery, on its way.", DeliveryWithLog, 401, 403, 404, 409),
    }),
    async (c) => fresh(c).json(presentLog(await store.testWebhook(c.req.valid("param"))), 202),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/deliveries",
      tags,
      summary: "List a webhook's deliveries",
      description: "The newest first; they are kept for 30 days.",
      middleware: read,
      request: { params, query: deliveryQuery },
      responses: answers(200, "A page of deliveries.", pageOf(Delivery), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const webhook_id = c.req.valid("param").id;
      const page = await store.listWebhookDeliveries({ webhook_id, ...query, count: count === "exact" });
      return fresh(c).json(presentPage(page, presentDelivery), 200);
    },
  );

  return app;
}

/** /webhook-deliveries: what became of an event on its way to a webhook. */
export function webhookDeliveryRoutes({ clients: { store } }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags,
      summary: "Get a delivery with its log",
      middleware: [allow("webhook:read")] as const,
      request: { params },
      responses: answers(200, "The delivery.", DeliveryWithLog, 401, 403, 404),
    }),
    async (c) => fresh(c).json(presentLog(await store.getWebhookDelivery(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/replay",
      tags,
      summary: "Send a delivery again",
      description: "From the beginning of the schedule, with the same `webhook-id` and body.",
      middleware: [allow("webhook:write")] as const,
      request: { params },
      responses: answers(202, "The delivery, on its way.", DeliveryWithLog, 401, 403, 404, 409),
    }),
    async (c) => fresh(c).json(presentLog(await store.replayWebhookDelivery(c.req.valid("param"))), 202),
  );

  return app;
}

/** Nobody keeps what only staff may see, and secrets least of all. */
function fresh<C extends RequestContext>(c: C): C {
  c.header("Cache-Control", "no-store");
  return c;
}

/** An object without the fields that are unset. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

function presentWebhook(webhook: WebhookMessage) {
  return webhook;
}

function presentSecret({ webhook, secret }: SecretMessage) {
  return { ...webhook, secret };
}

function presentDelivery({ attempts: _, body: __, ...delivery }: DeliveryMessage) {
  return delivery;
}

function presentLog(delivery: DeliveryMessage) {
  return delivery;
}
