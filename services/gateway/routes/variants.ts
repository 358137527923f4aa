import { createRoute, z } from "@hono/zod-openapi";
import type { Stock as StockMessage } from "../../../proto/gen/nano/product/v1/product.ts";
import type { Deps } from "../app.ts";
import { allow, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, Time } from "../schemas.ts";
import { Stock, StockMovement } from "./product_schemas.ts";

const params = z.object({ id: z.string().openapi({ description: "The variant's id." }) });

const Movement = z.object({
  id: z.int().openapi({ example: 4711 }),
  kind: z.enum(["initial", "adjust", "commit", "release", "return"]).openapi({ example: "adjust" }),
  delta: z.int().openapi({ description: "By how much on_hand moved.", example: -2 }),
  reserved_delta: z.int().openapi({ description: "By how much reserved moved.", example: 0 }),
  order_id: Id.optional(),
  reason: z.string().openapi({ example: "Two were broken" }),
  actor: z.string().openapi({ description: "user:<id>, service or owner.", example: "service" }),
  time: Time,
}).openapi("Movement");

/** /variants: their stock. */
export function variants({ clients: { product } }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/stock",
      tags: ["Products"],
      summary: "Get the stock of a variant",
      description: "For staff of its store.",
      middleware: [allow("product:read")] as const,
      request: { params },
      responses: answers(200, "The stock now.", Stock, 401, 403, 404),
    }),
    async (c) => {
      c.header("Cache-Control", "no-store");
      return c.json(present(await product.getStock({ variant_id: c.req.valid("param").id })), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/{id}/stock",
      tags: ["Products"],
      summary: "Move stock of a variant",
      description: "For managers of its store and admins. Never below what is reserved: 409 `below_reserved`.",
      middleware: [allow("stock:write"), visible((id) => product.getStock({ variant_id: id }))] as const,
      request: { params, body: jsonBody(StockMovement) },
      responses: answers(200, "The stock now.", Stock, 401, 403, 404, 409),
    }),
    async (c) => {
      const stock = await product.adjustStock({ variant_id: c.req.valid("param").id, ...c.req.valid("json") });
      return c.json(present(stock), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/movements",
      tags: ["Products"],
      summary: "List the stock movements of a variant, newest first",
      description: "For staff of its store.",
      middleware: [allow("product:read"), visible((id) => product.getStock({ variant_id: id }))] as const,
      request: { params, query: z.object(pageQuery) },
      responses: answers(200, "A page of movements.", pageOf(Movement), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const variant_id = c.req.valid("param").id;
      const page = await product.listMovements({ variant_id, ...query, count: count === "exact" });
      c.header("Cache-Control", "no-store");
      return c.json(presentPage(page, (movement) => movement), 200);
    },
  );

  return app;
}

function present({ on_hand, reserved, available }: StockMessage) {
  return { on_hand, reserved, available };
}
