import type { OpenAPIHono } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../shared/event_types.ts";
import type { Env } from "./env.ts";

type Document = ReturnType<OpenAPIHono<Env>["getOpenAPI31Document"]>;
type Webhooks = NonNullable<Document["webhooks"]>;
type Schema = NonNullable<NonNullable<Document["components"]>["schemas"]>[string];

const text = { type: "string" } as const;
const integer = { type: "integer" } as const;
const id = { type: "string", format: "uuid" } as const;
const time = { type: "string", format: "date-time" } as const;

/** An object that has these members and, unless it says so, each of them. */
function object(properties: Record<string, Schema>, optional: string[] = []): Schema {
  return { type: "object", properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}
const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const order = schema("Order");
const payment = object({ payment: schema("Payment") });
const product = { id, slug: text, name: text, status: text, version: integer };

/** What each event is, and its `data`. */
const EVENTS: Record<typeof EVENT_TYPES[number] | "webhook.test", [summary: string, data: Schema]> = {
  "order.placed": ["An order was placed", order],
  "order.paid": ["An order was paid, or its payment was authorised", order],
  "order.status_changed": ["Staff moved an order, or all of it was shipped", order],
  "order.cancelled": ["An order was cancelled", order],
  "order.expired": ["Nobody paid an order in time", order],
  "order.refunded": ["All that an order's buyer paid was given back", order],
  "payment.captured": ["Money was taken", payment],
  "payment.failed": ["A payment was declined", payment],
  "payment.refunded": ["Money was given back", object({ payment: schema("Payment"), refund: schema("Refund") })],
  "product.created": ["A product was created", object(product)],
  "product.updated": ["A product was changed", object(product)],
  "product.archived": [
    "A product left the shop",
    object({
      ...product,
      erased: { type: "boolean", description: "Whether it was deleted, having never been ordered." },
    }, ["erased"]),
  ],
  "stock.low": [
    "Five or fewer of a variant are left",
    object({ product_id: id, variant_id: id, sku: text, available: integer }),
  ],
  "customer.created": [
    "Somebody registered in the store",
    object({ id, email: text, name: text, create_time: time }, ["name"]),
  ],
  "customer.erased": ["A customer's personal data was erased", object({ id })],
  "webhook.test": ["A test, by POST /webhooks/{id}/test", object({ webhook_id: id })],
};

const HEADERS = [
  { name: "webhook-id", description: "The event's id, the same whenever it is sent again." },
  { name: "webhook-timestamp", description: "When it was sent, in seconds since 1970." },
  { name: "webhook-signature", description: "v1,<base64 HMAC-SHA256 of id.timestamp.body>; several, by spaces." },
].map((header) => ({ ...header, in: "header" as const, required: true, schema: text }));

/** The requests that a merchant's webhook gets, for the document: one for each type of event. */
export function eventDocument(): Webhooks {
  return Object.fromEntries(
    Object.entries(EVENTS).map(([type, [summary, data]]) => [type, {
      post: {
        operationId: `event_${type.replaceAll(".", "_")}`,
        tags: ["Events"],
        summary,
        description: "Signed by Standard Webhooks. It may come more than once, and not in order.",
        parameters: HEADERS,
        requestBody: {
          required: true,
          content: {
            "application/json": { schema: object({ type: { const: type }, timestamp: time, data }) },
          },
        },
        responses: {
          "2XX": { description: "Taken." },
          "410": { description: "Nothing is to be sent here again: the webhook is disabled." },
          default: { description: "Not taken, or not within 15 s: it is sent again, for three days." },
        },
      },
    }]),
  );
}
