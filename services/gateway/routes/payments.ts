import { createRoute, z } from "@hono/zod-openapi";
import type { Payment as PaymentMessage, Refund as RefundMessage } from "../../../proto/gen/nano/payment/v1/payment.ts";
import type { Deps } from "../app.ts";
import { allow, visible } from "../env.ts";
import { keyHeader, keyOf, showReplay } from "../idempotency.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, Money, MoneyInput, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";

const STATUSES = [
  "pending",
  "unknown",
  "authorized",
  "captured",
  "partially_refunded",
  "refunded",
  "declined",
  "voided",
] as const;

const Method = z.object({
  id: z.string().openapi({ example: "test" }),
  name: z.string().openapi({ example: "Test card" }),
  kind: z.enum(["card", "manual"]),
}).openapi("PaymentMethod");

export const Payment = z.object({
  id: Id,
  order_id: Id,
  method: z.string().openapi({ example: "test" }),
  status: z.enum(STATUSES).openapi({ example: "captured" }),
  amount: Money,
  captured_amount: Money,
  refunded_amount: Money,
  failure_code: z.string().optional().openapi({ description: "Why it was declined.", example: "card_declined" }),
  create_time: Time,
}).openapi("Payment");

const RefundItem = z.strictObject({
  id: Id.openapi({ description: "The order line." }),
  quantity: z.int().min(1).max(1_000_000).openapi({ example: 1 }),
}).openapi("RefundItem");

const Refund = z.object({
  id: Id,
  payment_id: Id,
  order_id: Id,
  status: z.enum(["pending", "succeeded", "failed"]).openapi({ example: "succeeded" }),
  amount: Money,
  reason: z.string().openapi({ example: "Arrived broken" }),
  items: z.array(RefundItem),
  restock: z.boolean(),
  create_time: Time,
}).openapi("Refund");

const RefundInput = z.strictObject({
  amount: MoneyInput.optional().openapi({
    description: "How much; all that is left if neither this nor items is given.",
  }),
  items: z.array(RefundItem).min(1).max(1000).optional().openapi({ description: "Which lines, instead of an amount." }),
  restock: z.boolean().default(false).openapi({ description: "Whether the items return to the shelf." }),
  reason: text(500).openapi({ example: "Arrived broken" }),
}).openapi("RefundInput");

const params = z.object({ id: z.string().openapi({ description: "The payment's id." }) });

/** /payments: methods, payments and refunds. `POST /payments` is in pay.ts, for it enters the order service. */
export function payments({ clients, stores }: Deps) {
  const app = createRoutes();

  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/methods",
      tags: ["Payments"],
      summary: "List the store's payment methods",
      responses: answers(200, "The methods, in the order to offer them.", z.object({ data: z.array(Method) }), 404),
    }),
    async (c) => {
      const { id } = await stores.of(c);
      return c.json(await clients.payment.listMethods({ store_id: id }), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Payments"],
      summary: "List payments, newest first",
      description: "For staff of the store.",
      middleware: [allow("payment:read")] as const,
      request: { query: z.object({ ...pageQuery, order_id: Id.optional(), status: z.enum(STATUSES).optional() }) },
      responses: answers(200, "A page of payments.", pageOf(Payment), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const store = await stores.of(c);
      const page = await clients.payment.listPayments({ ...query, store_id: store.id, count: count === "exact" });
      return c.json(presentPage(page, presentPayment), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Payments"],
      summary: "Get a payment",
      description: "For its buyer and the store's staff. To be polled while it is `pending` or `unknown`.",
      request: { params },
      responses: answers(200, "The payment.", Payment, 401, 404),
    }),
    async (c) => c.json(presentPayment(await clients.payment.getPayment(c.req.valid("param"))), 200),
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/refunds",
      tags: ["Payments"],
      summary: "List a payment's refunds, oldest first",
      description: "For its buyer and the store's staff.",
      request: { params },
      responses: answers(200, "The refunds.", z.object({ data: z.array(Refund) }), 401, 404),
    }),
    async (c) => {
      const { data } = await clients.payment.listRefunds({ payment_id: c.req.valid("param").id });
      return c.json({ data: data.map(presentRefund) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/refunds",
      tags: ["Payments"],
      summary: "Refund a payment",
      description: "In part, by line or whole; for staff. Support staff may refund up to a limit at a time.",
      middleware: [allow("refund:write"), visible((id) => clients.payment.getPayment({ id }))] as const,
      request: { params, headers: keyHeader, body: jsonBody(RefundInput) },
      responses: answers(
        201,
        "The refund. It is `pending` until the provider has answered.",
        Refund,
        401,
        403,
        404,
        409,
        422,
      ),
    }),
    async (c) => {
      const { amount, items = [], restock, reason } = c.req.valid("json");
      const { refund, replayed } = await clients.payment.refundPayment({
        payment_id: c.req.valid("param").id,
        idempotency_key: await keyOf(c),
        ...(amount === undefined ? {} : { amount: typeof amount === "number" ? { amount, currency: "" } : amount }),
        items,
        restock,
        reason,
      });
      showReplay(c, replayed);
      return c.json(refund && presentRefund(refund), 201);
    },
  );

  return app;
}

/** A payment as the contract shows it. */
export function presentPayment({ store_id: _, ...payment }: PaymentMessage) {
  return payment;
}

function presentRefund(refund: RefundMessage) {
  return refund;
}
