import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../app.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, wholeNumber } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";
import { Stock } from "./product_schemas.ts";

const LowStock = Stock.extend({
  variant_id: Id,
  product_id: Id,
  sku: z.string().openapi({ example: "SHIRT-L" }),
  name: z.string().openapi({
    description: "The product's, and the variant's if it has one.",
    example: "Linen shirt, L",
  }),
}).openapi("LowStock");

const query = z.object({
  ...pageQuery,
  threshold: wholeNumber.pipe(z.int().max(100)).default(5).openapi({
    type: "integer",
    minimum: 0,
    maximum: 100,
    description: "At most so many left.",
    example: 5,
  }),
});

/** /stock: what is running out. */
export function stock({ clients, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/low",
      tags: ["Products"],
      summary: "List variants that are running out",
      description: "Those of active products, fewest first; for staff of the request's store. `total` counts to 1,000.",
      middleware: [inOwnStore(stores, "product:read")] as const,
      request: { query },
      responses: answers(200, "A page of variants.", pageOf(LowStock), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...wanted } = c.req.valid("query");
      const store_id = (await stores.of(c)).id;
      const page = await clients.product.listLowStock({ ...wanted, store_id, count: count === "exact" });
      c.header("Cache-Control", "no-store");
      return c.json(presentPage(page, (variant) => variant), 200);
    },
  );

  return app;
}
