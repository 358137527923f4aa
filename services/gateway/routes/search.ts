import { createRoute, z } from "@hono/zod-openapi";
import { currentActor, isAdmin, may } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, Money, text, Time } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";

const TOP = 5;

const Found = z.object({
  orders: z.array(z.object({
    id: Id,
    number: z.int().openapi({ example: 1042 }),
    email: z.string().openapi({ example: "ada@example.com" }),
    status: z.string().openapi({ example: "paid" }),
    total: Money,
    create_time: Time,
  })),
  products: z.array(z.object({
    id: Id,
    slug: z.string().openapi({ example: "linen-shirt" }),
    name: z.string().openapi({ example: "Linen shirt" }),
    status: z.string().openapi({ example: "active" }),
    price: Money,
    image: z.string().optional(),
  })),
  customers: z.array(z.object({
    id: Id,
    email: z.string().openapi({ example: "ada@example.com" }),
    name: z.string().nullable(),
  })).openapi({ description: "Empty for a role that may not see them." }),
}).openapi("SearchAnswer");

/** /search: orders, products and customers at once. */
export function search({ clients: { order, product, user }, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Stores"],
      summary: "Search orders, products and customers",
      description:
        "The top 5 of each in the request's store, as far as the role may see them; for its staff. An order's " +
        "number finds it; an admin finds customers of all stores.",
      middleware: [inOwnStore(stores, "order:read")] as const,
      request: { query: z.object({ q: text(200).openapi({ example: "ada" }) }) },
      responses: answers(200, "What was found.", Found, 401, 403, 404),
    }),
    async (c) => {
      const q = c.req.valid("query").q.trim();
      const store_id = (await stores.of(c)).id;
      const actor = currentActor();
      const page = { q, limit: TOP, count: false };
      const nothing = Promise.resolve({ data: [] });
      const [orders, products, customers] = await Promise.all([
        q ? order.listOrders({ ...page, store_id, ids: [], from: undefined, to: undefined }) : nothing,
        q && may(actor, "product:read", store_id) ? product.listProducts({ ...page, store_id }) : nothing,
        q && may(actor, "user:read", store_id)
          ? user.listUsers({ ...page, ...(isAdmin(actor) ? {} : { store_id }) })
          : nothing,
      ]);
      c.header("Cache-Control", "no-store");
      return c.json({
        orders: orders.data.map(({ id, number, email, status, total, create_time }) => ({
          id,
          number,
          email,
          status,
          total,
          create_time,
        })),
        products: products.data.map(({ id, slug, name, status, price, images }) => ({
          id,
          slug,
          name,
          status,
          price,
          ...(images[0] ? { image: images[0].url } : {}),
        })),
        customers: customers.data.map(({ id, email, name }) => ({ id, email, name: name ?? null })),
      }, 200);
    },
  );

  return app;
}
