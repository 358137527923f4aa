import { createRoute, z } from "@hono/zod-openapi";
import type { Order as OrderMessage } from "../../../proto/gen/nano/order/v1/order.ts";
import { currentActor, require } from "../../shared/auth.ts";
import { toDecimal } from "../../shared/money.ts";
import type { Deps } from "../app.ts";
import { BulkAnswer, Ids, toEach } from "../bulk.ts";
import { noCardNumbers } from "../card_number.ts";
import { csvDownload, csvLine } from "../csv.ts";
import { allow, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, text, Time } from "../schemas.ts";
import { createTimeline, TimelineEntry } from "../timeline.ts";
import { listQuery } from "./orders.ts";
import { inOwnStore } from "./own_store.ts";

const tags = ["Orders"];
const params = z.object({ id: z.string().openapi({ description: "The order's id." }) });

const Note = z.object({
  id: Id,
  order_id: Id,
  actor: z.string().openapi({ example: "staff:019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69" }),
  text: z.string().openapi({ example: "Called the buyer: the address is right." }),
  create_time: Time,
}).openapi("OrderNote");

const NoteInput = z.strictObject({ text: text(2000).openapi({ example: "Called the buyer: the address is right." }) })
  .openapi("OrderNoteInput");

const BulkStatus = z.strictObject({
  ids: Ids,
  status: z.enum(["processing", "shipped", "delivered", "completed", "cancelled"]),
  reason: text(500).optional(),
  restock: z.boolean().optional(),
}).openapi("OrderBulkStatus", {
  example: { ids: ["019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69"], status: "processing" },
});

const HEADER = [
  "number",
  "id",
  "create_time",
  "status",
  "payment_status",
  "email",
  "name",
  "city",
  "country",
  "items",
  "currency",
  "subtotal",
  "discount",
  "shipping",
  "tax",
  "total",
];

/** /orders: what an operator adds to the buyers' routes. Mounted before orders.ts, whose ids would match these paths. */
export function orderConsole({ clients, stores }: Deps) {
  const app = createRoutes();
  const { order } = clients;
  const timeline = createTimeline(clients);

  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/counts",
      tags,
      summary: "Count a store's orders by status",
      description: "For staff of the request's store; from counts kept current, so at no cost.",
      middleware: [inOwnStore(stores, "order:read")] as const,
      responses: answers(
        200,
        "How many orders have which status; one without orders is left out.",
        z.record(z.string(), z.int()).openapi({ example: { paid: 3, completed: 120 } }),
        401,
        403,
        404,
      ),
    }),
    async (c) => c.json((await order.getOrderCounts({ store_id: (await stores.of(c)).id })).orders, 200),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/export.csv",
      tags,
      summary: "Export orders as a table",
      description: "With the list's filters; for staff of the request's store.",
      middleware: [inOwnStore(stores, "order:read")] as const,
      request: { query: listQuery.omit({ limit: true, cursor: true, count: true }) },
      responses: {
        ...answers(200, "The table.", undefined, 401, 403, 404),
        200: { description: "The table.", content: { "text/csv": { schema: { type: "string" } } } },
      },
    }),
    async (c) => {
      const query = c.req.valid("query");
      const store_id = (await stores.of(c)).id;
      return await csvDownload(c, "orders.csv", HEADER, async (cursor) => {
        const { from, to, ids = [], ...rest } = query;
        const next = cursor ? { cursor } : {};
        const page = await order.listOrders({ ...rest, ids, from, to, store_id, limit: 100, count: false, ...next });
        return { lines: page.data.map(lineOf).join(""), next_cursor: page.next_cursor };
      });
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/bulk-status",
      tags,
      summary: "Move many orders",
      description: "Each by itself, as `PUT /orders/{id}/status` does. At most 100.",
      middleware: [allow("order:write"), noCardNumbers()] as const,
      request: { body: jsonBody(BulkStatus) },
      responses: answers(200, "What became of each.", BulkAnswer, 401, 403, 422),
    }),
    async (c) => {
      const { ids, ...move } = c.req.valid("json");
      const moveOne = async (id: string) => {
        const { store_id } = await order.getOrder({ id });
        require(currentActor(), "order:write", store_id, "order");
        return (await order.setOrderStatus({ id, ...move })).status;
      };
      return c.json(await toEach(ids, moveOne), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/notes",
      tags,
      summary: "Write a note on an order",
      description: "By and for the store's staff; its buyer does not see it.",
      middleware: [allow("order:note"), visible((id) => order.listNotes({ order_id: id })), noCardNumbers()] as const,
      request: { params, body: jsonBody(NoteInput) },
      responses: answers(201, "The note.", Note, 401, 403, 404, 409, 422),
    }),
    async (c) => {
      const note = await order.createNote({ order_id: c.req.valid("param").id, ...c.req.valid("json") });
      return c.json(note, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/notes",
      tags,
      summary: "List an order's notes, oldest first",
      description: "For the store's staff.",
      middleware: [allow("order:read")] as const,
      request: { params },
      responses: answers(200, "The notes.", z.object({ data: z.array(Note) }), 401, 403, 404),
    }),
    async (c) => {
      const { data } = await order.listNotes({ order_id: c.req.valid("param").id });
      return c.json({ data }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/timeline",
      tags,
      summary: "Get all that happened to an order, newest first",
      description: "Its moves, notes, shipments, payments and refunds, and who did what; for the store's staff.",
      middleware: [allow("order:read")] as const,
      request: { params },
      responses: answers(200, "What happened.", z.object({ data: z.array(TimelineEntry) }), 401, 403, 404),
    }),
    async (c) => c.json({ data: await timeline(c.req.valid("param").id) }, 200),
  );

  return app;
}

function lineOf(order: OrderMessage): string {
  const amounts = [order.subtotal, order.discount, order.shipping, order.tax, order.total];
  return csvLine([
    order.number,
    order.id,
    order.create_time?.toISOString(),
    order.status,
    order.payment_status,
    order.email,
    order.shipping_address?.name,
    order.shipping_address?.city,
    order.shipping_address?.country,
    order.items.reduce((sum, item) => sum + item.quantity, 0),
    order.total?.currency,
    ...amounts.map((amount) => amount && toDecimal(amount)),
  ]);
}
