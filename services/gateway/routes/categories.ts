import { createRoute, z } from "@hono/zod-openapi";
import type { Category as CategoryMessage } from "../../../proto/gen/nano/product/v1/product.ts";
import { currentActor, require } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { cached } from "../cache.ts";
import { allow, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, text } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";
import { Slug } from "./product_schemas.ts";

const Category = z.object({
  id: Id,
  slug: z.string().openapi({ example: "shirts" }),
  name: z.string().openapi({ example: "Shirts" }),
  parent_id: Id.nullable(),
  product_count: z.int().openapi({
    description: "Its active products, those of categories below not counted.",
    example: 24,
  }),
}).openapi("Category");

const CategoryInput = z.strictObject({
  name: text(200),
  slug: Slug.optional().openapi({ description: "Made from the name if left out; on a change it stays." }),
  parent_id: Id.nullish().openapi({ description: "The category above; null or left out for none." }),
}).openapi("CategoryInput", { example: { name: "Shirts", slug: "shirts" } });

const params = z.object({ id: z.string().openapi({ description: "The category's id." }) });

/** /categories: a store's tree of categories, as a flat list with `parent_id`. */
export function categories({ clients, stores, catalogue }: Deps) {
  const app = createRoutes();

  /** Refuses whoever may not change the category before the body is looked at. */
  const writable = visible(async (id) => {
    const { store_id } = await clients.product.getCategory({ id });
    require(currentActor(), "category:write", store_id, "category");
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Categories"],
      summary: "List categories",
      description: "All of the store, parents before children.",
      responses: answers(200, "The tree, flat.", z.object({ data: z.array(Category) }), 404),
    }),
    async (c) => {
      const { id } = await stores.of(c);
      return await cached(c, catalogue, id, async () => {
        const { data } = await clients.product.listCategories({ store_id: id });
        return { data: data.map(present) };
      });
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Categories"],
      summary: "Create a category",
      description: "For managers of the store and admins.",
      middleware: [inOwnStore(stores, "category:write")] as const,
      request: { body: jsonBody(CategoryInput) },
      responses: answers(201, "The category.", Category, 401, 403, 404, 409),
    }),
    async (c) => {
      const { parent_id, ...body } = c.req.valid("json");
      const { id } = await stores.of(c);
      const category = await clients.product.createCategory({
        store_id: id,
        ...body,
        parent_id: parent_id ?? undefined,
      });
      c.header("Location", `/categories/${category.id}`);
      return c.json(present(category), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}",
      tags: ["Categories"],
      summary: "Change a category",
      description: "For managers of its store and admins. A category below itself: 409 `category_cycle`.",
      middleware: [allow("category:write"), writable] as const,
      request: { params, body: jsonBody(CategoryInput) },
      responses: answers(200, "The category.", Category, 401, 403, 404, 409),
    }),
    async (c) => {
      const { parent_id, ...body } = c.req.valid("json");
      const { id } = c.req.valid("param");
      return c.json(
        present(await clients.product.updateCategory({ id, ...body, parent_id: parent_id ?? undefined })),
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags: ["Categories"],
      summary: "Delete a category",
      description:
        "For managers of its store and admins. One that holds products or categories stays: 409 `category_in_use`.",
      middleware: [allow("category:write")] as const,
      request: { params },
      responses: answers(204, "It is gone.", undefined, 401, 403, 404, 409),
    }),
    async (c) => {
      await clients.product.deleteCategory({ id: c.req.valid("param").id });
      return c.body(null, 204);
    },
  );

  return app;
}

function present({ id, slug, name, parent_id, product_count }: CategoryMessage) {
  return { id, slug, name, parent_id: parent_id ?? null, product_count };
}
