import { createRoute, z } from "@hono/zod-openapi";
import type {
  Payment as PaymentMessage,
  Refund as RefundMessage,
  Settings as SettingsMessage,
} from "../../../proto/gen/nano/payment/v1/payment.ts";
import type { Deps } from "../app.ts";
import { cached } from "../cache.ts";
import { emptyIsNone } from "../bodies.ts";
import { noCardNumbers } from "../card_number.ts";
import { allow, visible } from "../guards.ts";
import { keyHeader, keyOf, showReplay } from "../idempotency.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { inOwnStore } from "./own_store.ts";
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

export const Refund = z.object({
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

const CaptureInput = z.strictObject({
  amount: MoneyInput.optional().openapi({ description: "How much; all that was authorised if absent." }),
}).openapi("CaptureInput", { example: { amount: { amount: 1999, currency: "USD" } } });

const Settings = z.strictObject({
  capture: z.enum(["automatic", "manual"]).openapi({
    description: "`automatic`: money is taken when it is authorised. `manual`: staff capture it later.",
    example: "manual",
  }),
}).openapi("PaymentSettings");

const params = z.object({ id: z.string().openapi({ description: "The payment's id." }) });

/** /payments: methods, settings, payments, captures and refunds. `POST /payments` is in pay.ts, for it enters the order service. */
export function payments({ clients, stores, catalogue }: Deps) {
  const app = createRoutes();

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
      return await cached(c, catalogue, id, () => clients.payment.listMethods({ store_id: id }));
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
      path: "/settings",
      tags: ["Payments"],
      summary: "Get how the store takes payments",
      description: "For staff of the store.",
      middleware: [inOwnStore(stores, "payment:read")] as const,
      responses: answers(200, "The settings.", Settings, 401, 403, 404),
    }),
    async (c) => {
      const { id } = await stores.of(c);
      return c.json(presentSettings(await clients.payment.getSettings({ store_id: id })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/settings",
      tags: ["Payments"],
      summary: "Set how the store takes payments",
      description: "For managers of the store. It counts for payments from now on.",
      middleware: [inOwnStore(stores, "payment:write")] as const,
      request: { body: jsonBody(Settings) },
      responses: answers(200, "The settings.", Settings, 401, 403, 404),
    }),
    async (c) => {
      const { id } = await stores.of(c);
      const settings = await clients.payment.putSettings({ store_id: id, ...c.req.valid("json") });
      return c.json(presentSettings(settings), 200);
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
      method: "post",
      path: "/{id}/capture",
      tags: ["Payments"],
      summary: "Capture an authorised payment",
      description: "All of it, or a part, and then the rest is released. For managers of the store.",
      middleware: [
        allow("payment:write"),
        visible((id) => clients.payment.getPayment({ id })),
        emptyIsNone(),
        noCardNumbers(),
      ] as const,
      request: { params, headers: keyHeader, body: { ...jsonBody(CaptureInput), required: false } },
      responses: {
        ...answers(200, "The payment, captured.", Payment, 401, 403, 404, 409, 422),
        ...answers(202, "The provider has not answered yet: the capture goes on. To be polled.", Payment),
      },
    }),
    async (c) => {
      const { amount } = c.req.valid("json");
      const { payment, replayed, pending } = await clients.payment.capturePayment({
        payment_id: c.req.valid("param").id,
        idempotency_key: await keyOf(c),
        ...(amount === undefined ? {} : { amount: moneyOf(amount) }),
      });
      showReplay(c, replayed);
      return c.json(payment && presentPayment(payment), pending ? 202 : 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/void",
      tags: ["Payments"],
      summary: "Void an authorised payment",
      description:
        "Lets go of money that was reserved; what was captured is refunded instead. An order that nothing else pays " +
        "for is cancelled and its stock returns, unless it was sent. For managers of the store.",
      middleware: [
        allow("payment:write"),
        visible((id) => clients.payment.getPayment({ id })),
        emptyIsNone(),
        noCardNumbers(),
      ] as const,
      request: { params, headers: keyHeader, body: { ...jsonBody(z.strictObject({})), required: false } },
      responses: {
        ...answers(200, "The payment, voided.", Payment, 401, 403, 404, 409, 422),
        ...answers(202, "The provider has not answered yet: the void goes on. To be polled.", Payment),
      },
    }),
    async (c) => {
      const { payment, replayed, pending } = await clients.payment.voidPayment({
        payment_id: c.req.valid("param").id,
        idempotency_key: await keyOf(c),
      });
      showReplay(c, replayed);
      return c.json(payment && presentPayment(payment), pending ? 202 : 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/refunds",
      tags: ["Payments"],
      summary: "List a payment's refunds, oldest first",
      description: "For its buyer and the store's staff.",
      request: { params },
      responses: answers(200, "All refunds, in one page.", pageOf(Refund), 401, 404),
    }),
    async (c) => {
      const all = await clients.payment.listRefunds({ payment_id: c.req.valid("param").id });
      return c.json(presentPage(all, presentRefund), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/refunds",
      tags: ["Payments"],
      summary: "Refund a payment",
      description: "In part, by line or whole; for staff. Support staff may refund up to a limit at a time.",
      middleware: [
        allow("refund:write"),
        visible((id) => clients.payment.getPayment({ id })),
        noCardNumbers(),
      ] as const,
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
        ...(amount === undefined ? {} : { amount: moneyOf(amount) }),
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

function presentSettings({ capture }: SettingsMessage) {
  return { capture };
}

/** A bare amount has no currency yet: it is in the payment's. */
function moneyOf(amount: z.infer<typeof MoneyInput>) {
  return typeof amount === "number" ? { amount, currency: "" } : amount;
}

function presentRefund(refund: RefundMessage) {
  return refund;
}
