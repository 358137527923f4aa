import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { allow, visible } from "../env.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Stock, StockMovement } from "./product_schemas.ts";

/** /variants: their stock. */
export function variants({ clients }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/stock",
      tags: ["Products"],
      summary: "Move stock of a variant",
      description: "For managers of its store and admins. Never below what is reserved: 409 `below_reserved`.",
      middleware: [allow("stock:write"), visible((id) => clients.product.getStock({ variant_id: id }))] as const,
      request: {
        params: z.object({ id: z.string().openapi({ description: "The variant's id." }) }),
        body: jsonBody(StockMovement),
      },
      responses: answers(200, "The stock now.", Stock, 401, 403, 404, 409),
    }),
    async (c) => {
      const { on_hand, reserved, available } = await clients.product.adjustStock({
        variant_id: c.req.valid("param").id,
        ...c.req.valid("json"),
      });
      return c.json({ on_hand, reserved, available }, 200);
    },
  );

  return app;
}
