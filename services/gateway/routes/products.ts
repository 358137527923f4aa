import { createMiddleware } from "@hono/hono/factory";
import { createRoute, z } from "@hono/zod-openapi";
import type {
  Product as ProductMessage,
  ProductInput as ProductInputMessage,
  VariantInput as VariantInputMessage,
} from "../../../proto/gen/nano/product/v1/product.ts";
import { currentActor, require } from "../../shared/auth.ts";
import { NanoError } from "../../shared/errors.ts";
import { isId } from "../../shared/ids.ts";
import { type Money, sameCurrency } from "../../shared/money.ts";
import type { Deps } from "../app.ts";
import { cached, uncached } from "../cache.ts";
import type { Env } from "../env.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { pageOf, presentPage } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";
import {
  listQuery,
  presentProduct,
  Product,
  type ProductBody,
  ProductChange,
  ProductInput,
  ProductReplacement,
} from "./product_schemas.ts";

const named = z.object({
  id: z.string().openapi({ description: "The product's id or slug.", example: "linen-shirt" }),
});
const params = z.object({ id: z.string().openapi({ description: "The product's id." }) });

/** /products: the catalogue. */
export function products({ clients, stores, catalogue }: Deps) {
  const app = createRoutes();

  /** Loads the product for those who may change it; others are refused before the body is looked at. */
  const writable = createMiddleware<Env & { Variables: { product: ProductMessage } }>(async (c, next) => {
    const product = await clients.product.getProduct({ store_id: "", id_or_slug: c.req.param("id") ?? "" });
    require(currentActor(), "product:write", product.store_id, "product");
    c.set("product", product);
    await next();
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Products"],
      summary: "List products",
      description: "The active ones of the store; its staff see all.",
      request: { query: listQuery },
      responses: answers(200, "A page of products.", pageOf(Product), 401, 403, 404),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      const store = await stores.of(c);
      const request = { ...query, store_id: store.id, count: count === "exact" };
      const read = async () => presentPage(await clients.product.listProducts(request), presentProduct);
      // A status is for staff: whoever else asks for one is refused as who he is.
      return query.status === undefined ? await cached(c, catalogue, store.id, read) : await uncached(c, read);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Products"],
      summary: "Get a product by id or slug",
      description: "A slug is one of the request's store; by id the product's own store decides.",
      request: { params: named },
      responses: answers(200, "The product.", Product, 404),
    }),
    async (c) => {
      const { id } = c.req.valid("param");
      const store_id = isId(id) ? "" : (await stores.of(c)).id;
      return await cached(
        c,
        catalogue,
        store_id || undefined,
        async () => presentProduct(await clients.product.getProduct({ store_id, id_or_slug: id })),
      );
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Products"],
      summary: "Create a product",
      description:
        "For managers of the store and admins. A simple product has `sku`, `price` and `stock` instead of `variants`.",
      middleware: [inOwnStore(stores, "product:write")] as const,
      request: { body: jsonBody(ProductInput) },
      responses: answers(201, "The product; its address is in `Location`.", Product, 401, 403, 404, 409),
    }),
    async (c) => {
      const body = c.req.valid("json");
      const store = await stores.of(c);
      const product = await simply(
        body,
        () => clients.product.createProduct({ store_id: store.id, product: toMessage(body, store.currency) }),
      );
      c.header("Location", `/products/${product.id}`);
      return c.json(presentProduct(product), 201);
    },
  );

  const update = async (product: ProductMessage, body: ProductBody & { version: number }, replace: boolean) => {
    const { id, price } = product;
    const input = toMessage(body, price?.currency ?? "", replace ? [] : product.variants);
    const updated = await simply(
      body,
      () => clients.product.updateProduct({ id, version: body.version, replace, product: input }),
    );
    return presentProduct(updated);
  };

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}",
      tags: ["Products"],
      summary: "Replace a product",
      description:
        "For managers of its store and admins. Variants match by `id`, else by `sku`; one left out is archived. " +
        "What else is left out goes back to its default, but for the slug.",
      middleware: [allow("product:write"), writable] as const,
      request: { params, body: jsonBody(ProductReplacement) },
      responses: answers(200, "The product.", Product, 401, 403, 404, 409),
    }),
    async (c) => c.json(await update(c.var.product, c.req.valid("json"), true), 200),
  );

  app.openapi(
    createRoute({
      method: "patch",
      path: "/{id}",
      tags: ["Products"],
      summary: "Change a product",
      description:
        "For managers of its store and admins. What is left out stays; variants given are changed, or added if they are new.",
      middleware: [allow("product:write"), writable] as const,
      request: { params, body: jsonBody(ProductChange) },
      responses: answers(200, "The product.", Product, 401, 403, 404, 409),
    }),
    async (c) => c.json(await update(c.var.product, c.req.valid("json"), false), 200),
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags: ["Products"],
      summary: "Delete a product",
      description: "For managers of its store and admins. One that was ever ordered is archived.",
      middleware: [allow("product:write")] as const,
      request: { params },
      responses: answers(204, "It is gone.", undefined, 401, 403, 404),
    }),
    async (c) => {
      await clients.product.deleteProduct({ id: c.req.valid("param").id });
      return c.body(null, 204);
    },
  );

  return app;
}

/**
 * A body as a message; bare prices are in the store's currency, others must be. A simple product's one variant has no
 * name, but where one of those that stay as they are is meant it keeps its own.
 */
function toMessage(body: ProductBody, currency: string, staying: readonly { sku: string }[] = []): ProductInputMessage {
  const { name, slug, description, status, category, attributes, images } = body;
  const price = (given: number | Money | undefined, pointer: string): { price?: Money } => {
    if (given === undefined) return {};
    if (typeof given === "number") return { price: { amount: given, currency } };
    sameCurrency(currency, given.currency, `${pointer}/currency`);
    return { price: given };
  };
  const simple = body.sku !== undefined || body.price !== undefined || body.stock !== undefined;
  const there = staying.some(({ sku }) => body.sku === undefined || body.sku === sku);
  const unnamed = { sku: body.sku, name: there ? undefined : "", options: {}, has_options: false };
  const variants: VariantInputMessage[] = simple
    ? [{ ...unnamed, ...price(body.price, "/price"), stock: body.stock }]
    : (body.variants ?? []).map(({ options, price: given, ...variant }, index) => ({
      ...variant,
      options: options ?? {},
      has_options: options !== undefined,
      ...price(given, `/variants/${index}/price`),
    }));
  return {
    name,
    slug,
    description,
    status,
    category: category === null ? "" : category,
    attributes,
    images: images ?? [],
    has_images: images !== undefined,
    variants,
    has_variants: variants.length > 0,
  };
}

/** Runs a call; a refusal of a simple product's one variant points at the body's own fields. */
async function simply<T>(body: ProductBody, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof NanoError) || body.variants || !error.extras.errors) throw error;
    const errors = error.extras.errors.map((field) => ({
      ...field,
      pointer: field.pointer.replace(/^\/variants\/0\//, "/"),
    }));
    throw new NanoError(error.kind, error.code, error.message, { ...error.extras, errors });
  }
}
