import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "@hono/hono/factory";
import type { Order as OrderMessage, Shipment as ShipmentMessage } from "../../../proto/gen/nano/order/v1/order.ts";
import { currentActor, may, mayAnywhere } from "../../shared/auth.ts";
import { forbidden, unauthenticated } from "../../shared/errors.ts";
import type { Permission } from "../../shared/permissions.ts";
import type { Deps } from "../app.ts";
import { noCardNumbers } from "../card_number.ts";
import { checkout } from "../checkout.ts";
import { noteCustomer } from "../customers.ts";
import type { Env } from "../env.ts";
import { allow } from "../guards.ts";
import { keyHeader, keyOf, showReplay } from "../idempotency.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Address, Id, Money, MoneyInput, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";

const STATUSES = [
  "pending_payment",
  "paid",
  "processing",
  "shipped",
  "delivered",
  "completed",
  "cancelled",
  "expired",
  "refunded",
] as const;

const Order = z.object({
  id: Id,
  number: z.int().openapi({ description: "For people; counted from 1001 in each store.", example: 1042 }),
  store_id: Id,
  user_id: Id.optional().openapi({ description: "The buyer, unless a guest." }),
  email: z.string().openapi({ example: "ada@example.com" }),
  status: z.enum(STATUSES).openapi({ example: "paid" }),
  payment_status: z.enum(["unpaid", "authorized", "paid", "failed", "partially_refunded", "refunded"]),
  items: z.array(z.object({
    id: Id,
    product_id: Id,
    variant_id: Id,
    sku: z.string().openapi({ example: "SHIRT-M" }),
    name: z.string().openapi({ example: "Linen shirt, M" }),
    quantity: z.int().openapi({ example: 2 }),
    unit_price: Money,
    tax: Money,
    total: Money,
  })),
  subtotal: Money,
  discount: Money,
  shipping: Money,
  tax: Money,
  total: Money,
  shipping_address: Address,
  billing_address: Address.optional(),
  note: z.string().optional(),
  history: z.array(z.object({
    from: z.string().openapi({ description: "Empty for the first step.", example: "pending_payment" }),
    to: z.string().openapi({ example: "paid" }),
    actor: z.string().openapi({
      description: "customer, guest, staff:<id>, api_key:<id> or system.",
      example: "system",
    }),
    reason: z.string(),
    time: Time,
  })),
  expire_time: Time.optional().openapi({ description: "When the hold of the stock ends, while it is not paid." }),
  create_time: Time,
  version: z.int(),
}).openapi("Order");

export const PaymentInput = z.strictObject({
  method: text(50).openapi({ example: "test" }),
  token: text(500, 0).default("").openapi({ description: "The provider's; none for manual.", example: "tok_ok" }),
});

const email = z.email().max(254).openapi({ example: "ada@example.com" });

const OrderInput = z.strictObject({
  shipping_address: Address,
  billing_address: Address.optional(),
  email: email.optional().openapi({ description: "Required for a guest; a user's own if left out." }),
  note: text(2000).optional(),
  expected_total: MoneyInput.optional().openapi({ description: "The total that the buyer saw." }),
  payment: PaymentInput.optional().openapi({ description: "Pays at once. The order exists even if that is declined." }),
}).openapi("OrderInput", {
  example: {
    shipping_address: {
      name: "Ada Lovelace",
      line1: "12 St James's Square",
      city: "London",
      postal_code: "SW1Y 4JH",
      country: "GB",
    },
    email: "ada@example.com",
    payment: { method: "test", token: "tok_ok" },
  },
});

/** A time, or a day for its beginning. */
export const instant = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).transform((time) => new Date(time))
  .openapi({
    type: "string",
    format: "date-time",
    example: "2026-11-01T00:00:00Z",
  });

/** The query of the list of orders. */
export const listQuery = z.object({
  ...pageQuery,
  status: z.enum(STATUSES).optional(),
  q: text(200).optional().openapi({
    description: "A number, or a part of the e-mail address or addressee's name. " +
      "Without three letters or figures in a row it searches the first 5,000 orders only; " +
      "of what more than 1,000 have it may leave some out.",
  }),
  user_id: Id.optional().openapi({ description: "Only this buyer's." }),
  ids: z.string().max(100 * 37).transform((list) => list.split(",")).pipe(z.array(Id).min(1).max(100)).optional()
    .openapi({ type: "string", description: "Only these, at most 100, separated by commas." }),
  from: instant.optional().openapi({ description: "Placed at or after this time." }),
  to: instant.optional().openapi({ description: "Placed before this time." }),
  sort: z.enum(["create_time", "-create_time"]).default("-create_time"),
});

const StatusInput = z.strictObject({
  status: z.enum(STATUSES).openapi({ description: "processing, shipped, delivered, completed or cancelled." }),
  reason: text(500).optional(),
  restock: z.boolean().optional().openapi({
    description: "Whether a cancelled order's stock returns; true if left out. Only staff may keep it out.",
  }),
}).openapi("OrderStatusInput", { example: { status: "processing" } });

const ShipmentItem = z.strictObject({ id: Id, quantity: z.int().min(1).max(999) }).openapi("ShipmentItem");

export const Shipment = z.object({
  id: Id,
  order_id: Id,
  carrier: z.string().openapi({ example: "DHL" }),
  tracking_number: z.string().openapi({ example: "JD014600006281230704" }),
  tracking_url: z.string().optional().openapi({ example: "https://track.example/JD014600006281230704" }),
  items: z.array(ShipmentItem),
  create_time: Time,
}).openapi("Shipment");

const ShipmentInput = z.strictObject({
  carrier: text(100).openapi({ example: "DHL" }),
  tracking_number: text(100).openapi({ example: "JD014600006281230704" }),
  tracking_url: z.url({ protocol: /^https?$/ }).max(2000).optional(),
  items: z.array(ShipmentItem).min(1).max(1000).optional().openapi({ description: "All that is left if left out." }),
}).openapi("ShipmentInput");

const params = z.object({ id: z.string().openapi({ description: "The order's id." }) });

/** /orders: placing, reading, moving and shipping them. */
export function orders(deps: Deps) {
  const { clients, stores } = deps;
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Orders"],
      summary: "Place an order",
      description: "Of the caller's cart, at the prices of this moment. Its stock is held for 15 minutes.",
      middleware: [buyers(), deps.limits.perPrincipal("checkout"), checkout(), noCardNumbers()] as const,
      request: { headers: keyHeader, body: jsonBody(OrderInput) },
      responses: answers(201, "The order.", Order, 401, 404, 409, 422, 429),
    }),
    async (c) => {
      const { expected_total, ...body } = c.req.valid("json");
      const idempotency_key = await keyOf(c);
      const store = await stores.of(c);
      await noteCustomer(c, clients, store.id);
      const { order, replayed } = await clients.order.placeOrder({
        ...body,
        store_id: store.id,
        idempotency_key,
        ...(expected_total === undefined ? {} : { expected_total: asMoney(expected_total, store.currency) }),
      });
      showReplay(c, replayed);
      c.header("Location", `/orders/${order?.id}`);
      return c.json(order && present(order), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Orders"],
      summary: "List orders",
      description: "The caller's own in the store, or, for its staff, all of the store's.",
      middleware: [buyers("order:read")] as const,
      request: { query: listQuery },
      responses: answers(200, "A page of orders, newest first.", pageOf(Order), 401, 404),
    }),
    async (c) => {
      const { count, from, to, ids = [], ...query } = c.req.valid("query");
      const store_id = (await stores.of(c)).id;
      const page = await clients.order.listOrders({ ...query, ids, store_id, from, to, count: count === "exact" });
      return c.json(presentPage(page, present), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Orders"],
      summary: "Get an order",
      request: { params },
      responses: answers(200, "The order.", Order, 401, 404),
    }),
    async (c) => c.json(present(await clients.order.getOrder(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}/status",
      tags: ["Orders"],
      summary: "Move an order",
      description: "By the store's staff; its buyer may cancel it before it is worked on.",
      middleware: [movers(deps), noCardNumbers()] as const,
      request: { params, body: jsonBody(StatusInput) },
      responses: answers(200, "The order.", Order, 401, 403, 404, 409, 422),
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      return c.json(present(await clients.order.setOrderStatus({ id, ...c.req.valid("json") })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/shipments",
      tags: ["Orders"],
      summary: "Ship lines of an order",
      description: "Without items all that is left goes; what a refund has put back on the shelf is not. " +
        "With the last line the order becomes shipped.",
      middleware: [allow("order:write"), movers(deps), noCardNumbers()] as const,
      request: { params, body: jsonBody(ShipmentInput) },
      responses: answers(201, "The shipment.", Shipment, 401, 403, 404, 409, 422),
    }),
    async (c) => {
      const { items = [], ...parcel } = c.req.valid("json");
      const { id: order_id } = c.req.valid("param");
      return c.json(presentShipment(await clients.order.createShipment({ order_id, ...parcel, items })), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/shipments",
      tags: ["Orders"],
      summary: "List an order's shipments",
      request: { params },
      responses: answers(200, "All shipments, oldest first, in one page.", pageOf(Shipment), 401, 404),
    }),
    async (c) => {
      const all = await clients.order.listShipments({ order_id: c.req.valid("param").id });
      return c.json(presentPage(all, presentShipment), 200);
    },
  );

  return app;
}

/** Lets only users and guests pass, for nobody else has orders; and the API keys that have a permission, if one is named. */
export function buyers(permission?: Permission) {
  return createMiddleware<Env>(async (_c, next) => {
    const actor = currentActor();
    const { user_id, guest_hash } = actor;
    if (actor.api_key) {
      if (!permission || !mayAnywhere(actor, permission)) throw forbidden();
      return await next();
    }
    if (!user_id && !guest_hash) throw unauthenticated();
    await next();
  });
}

/** Lets those pass who may move the order that the path names: staff who may write, and its buyer; other staff are refused. */
function movers({ clients }: Deps) {
  return createMiddleware<Env>(async (c, next) => {
    const actor = currentActor();
    const { store_id, user_id } = await clients.order.getOrder({ id: c.req.param("id") ?? "" });
    const reads = may(actor, "order:read", store_id) && !(actor.user_id && user_id === actor.user_id);
    if (reads && !may(actor, "order:write", store_id)) throw forbidden();
    await next();
  });
}

function asMoney(value: z.infer<typeof MoneyInput>, currency: string): z.infer<typeof Money> {
  return typeof value === "number" ? { amount: value, currency } : value;
}

/** An order as the contract shows it: the message as it is, which is also what events carry. */
function present(order: OrderMessage) {
  return order;
}

function presentShipment(shipment: ShipmentMessage) {
  return shipment;
}
