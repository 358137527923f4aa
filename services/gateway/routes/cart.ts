import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "@hono/hono/factory";
import type { Cart as CartMessage } from "../../../proto/gen/nano/cart/v1/cart.ts";
import { notFound } from "../../shared/errors.ts";
import type { Deps } from "../app.ts";
import { noCardNumbers } from "../card_number.ts";
import type { Env } from "../env.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Currency, Id, Money } from "../schemas.ts";

const MAX_QUANTITY = 999;

export const Cart = z.object({
  id: Id.nullable().openapi({ description: "null as long as nothing was put in." }),
  token: z.string().optional().openapi({ description: "A new guest's token, this once: send it as X-Cart-Token." }),
  store_id: Id,
  currency: Currency,
  items: z.array(z.object({
    id: Id,
    product_id: Id,
    variant_id: Id,
    sku: z.string().openapi({ example: "SHIRT-M" }),
    name: z.string().openapi({ example: "Linen shirt, M" }),
    image: z.string().optional(),
    quantity: z.int().openapi({ example: 2 }),
    unit_price: Money,
    total: Money,
    available: z.int().openapi({ description: "How many can be bought now; 0 if it is no longer sold.", example: 12 }),
  })),
  subtotal: Money,
  discount: Money,
  shipping: Money,
  tax: Money,
  total: Money,
  item_count: z.int().openapi({ description: "The sum of the quantities.", example: 2 }),
  version: z.int(),
}).openapi("Cart");

const quantity = z.number().refine((value) => Number.isInteger(value) && value >= 1 && value <= MAX_QUANTITY, {
  message: `A quantity is 1 to ${MAX_QUANTITY}.`,
  params: { code: "invalid_quantity" },
}).openapi({ type: "integer", minimum: 1, maximum: MAX_QUANTITY, example: 2 });

const NewItem = z.strictObject({
  variant_id: Id.optional(),
  product_id: Id.optional().openapi({ description: "Instead of variant_id, for a product with just one variant." }),
  quantity,
}).refine((item) => (item.variant_id === undefined) !== (item.product_id === undefined), {
  message: "Name either a variant_id, or the product_id of a product that has just one variant.",
  path: ["variant_id"],
  params: { code: "variant_required" },
}).openapi("NewCartItem", { example: { variant_id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69", quantity: 2 } });

const params = z.object({ id: z.string().openapi({ description: "The item's id." }) });

/** /cart: the caller's one cart in the store, a user's or, by X-Cart-Token, a guest's. */
export function cart({ clients, stores }: Deps) {
  const app = createRoutes();

  /** Lets only the items of the caller's own cart pass, before the body is looked at. */
  const ownItem = createMiddleware<Env>(async (c, next) => {
    const { items } = await clients.cart.getCart({ store_id: (await stores.of(c)).id });
    if (!items.some((item) => item.id === c.req.param("id"))) throw notFound("item");
    await next();
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Cart"],
      summary: "Get the cart",
      description: "At today's prices; without a token it is empty.",
      responses: answers(200, "The cart.", Cart, 404, 409),
    }),
    async (c) => c.json(present(await clients.cart.getCart({ store_id: (await stores.of(c)).id })), 200),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/items",
      tags: ["Cart"],
      summary: "Add to the cart",
      description:
        "The same variant again adds up. Without a session or token it makes a guest, whose `token` is in this answer only.",
      middleware: [noCardNumbers()] as const,
      request: { body: jsonBody(NewItem) },
      responses: answers(201, "The cart.", Cart, 404, 409, 422),
    }),
    async (c) => {
      const item = c.req.valid("json");
      return c.json(present(await clients.cart.addItem({ store_id: (await stores.of(c)).id, ...item })), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/items/{id}",
      tags: ["Cart"],
      summary: "Set an item's quantity",
      middleware: [ownItem, noCardNumbers()] as const,
      request: { params, body: jsonBody(z.strictObject({ quantity }).openapi("CartItemInput")) },
      responses: answers(200, "The cart.", Cart, 404, 409, 422),
    }),
    async (c) => {
      const request = { store_id: (await stores.of(c)).id, item_id: c.req.valid("param").id, ...c.req.valid("json") };
      return c.json(present(await clients.cart.setItem(request)), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/items/{id}",
      tags: ["Cart"],
      summary: "Remove an item",
      request: { params },
      responses: answers(200, "The cart.", Cart, 404, 409),
    }),
    async (c) => {
      const request = { store_id: (await stores.of(c)).id, item_id: c.req.valid("param").id };
      return c.json(present(await clients.cart.removeItem(request)), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/",
      tags: ["Cart"],
      summary: "Empty the cart",
      responses: answers(204, "It is empty.", undefined, 404),
    }),
    async (c) => {
      await clients.cart.clearCart({ store_id: (await stores.of(c)).id });
      return c.body(null, 204);
    },
  );

  return app;
}

/** A cart as the contract shows it. */
function present(cart: CartMessage) {
  return { ...cart, id: cart.id || null };
}
