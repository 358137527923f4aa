import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { noCardNumbers } from "../card_number.ts";
import { checkout } from "../checkout.ts";
import { keyHeader, keyOf, showReplay } from "../idempotency.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id } from "../schemas.ts";
import { buyers, PaymentInput } from "./orders.ts";
import { Payment, presentPayment } from "./payments.ts";

const NewPayment = z.strictObject({ order_id: Id, ...PaymentInput.shape }).openapi("PaymentInput", {
  example: { order_id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", method: "test", token: "tok_ok" },
});

/** POST /payments: paying enters the order service, as the order follows its payments. */
export function pay(deps: Deps) {
  const { clients } = deps;
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Payments"],
      summary: "Pay an order",
      description: "A payment that the provider has not answered in 8 s is `unknown` or `pending`: 202, to be polled.",
      middleware: [buyers(), deps.limits.perPrincipal("checkout"), checkout(), noCardNumbers()] as const,
      request: { headers: keyHeader, body: jsonBody(NewPayment) },
      responses: {
        ...answers(201, "The payment.", Payment, 401, 402, 404, 409, 422, 429),
        ...answers(202, "The payment, not answered yet.", Payment),
      },
    }),
    async (c) => {
      const { order_id, ...input } = c.req.valid("json");
      const { payment, replayed } = await clients.order.payOrder({
        order_id,
        idempotency_key: await keyOf(c),
        payment: input,
      });
      showReplay(c, replayed);
      c.header("Location", `/payments/${payment?.id}`);
      const waiting = payment?.status === "pending" || payment?.status === "unknown";
      return c.json(payment && presentPayment(payment), waiting ? 202 : 201);
    },
  );

  return app;
}
