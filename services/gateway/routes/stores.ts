import { createRoute, z } from "@hono/zod-openapi";
import type { Store as StoreMessage } from "../../../proto/gen/nano/store/v1/store.ts";
import { currentActor, require } from "../../shared/auth.ts";
import type { Deps } from "../app.ts";
import { cached } from "../cache.ts";
import { allow, visible } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Currency, Id, Money, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";

const Status = z.enum(["active", "suspended", "closed"]).openapi({ example: "active" });
const slug = text(63).regex(
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
  "must be lower-case letters, digits and single hyphens between them",
)
  .openapi({ example: "tea-house" });
const name = text(200).openapi({ example: "Tea house" });
const locale = z.string().openapi({ description: "BCP 47.", example: "en-US" });
const country = z.string().openapi({ description: "ISO 3166-1 alpha-2.", example: "US" });
const day = z.string().openapi({ format: "date", example: "2026-11-01" });

export const Store = z.object({
  id: Id,
  slug: z.string().openapi({ example: "tea-house" }),
  name: z.string().openapi({ example: "Tea house" }),
  status: Status,
  currency: Currency,
  currencies: z.array(Currency).openapi({ description: "In this release just `currency`." }),
  locale,
  country,
  tax: z.object({ rate_bp: z.int(), included: z.boolean() }).openapi("Tax", {
    description: "The rate in basis points (1900 is 19 %), and whether prices include it.",
    example: { rate_bp: 1900, included: true },
  }),
  origins: z.array(z.string()).optional().openapi({
    description:
      "Origins of browser storefronts, which may read this store's answers (CORS); absent if there are none.",
    example: ["https://tea.example"],
  }),
  create_time: Time,
  update_time: Time,
  version: z.int(),
}).openapi("Store");

const StoreInput = z.strictObject({
  slug,
  name,
  currency: Currency.openapi({ description: "Can't change once the store exists." }),
  country,
  locale: locale.default("en-US"),
  tax: z.strictObject({
    rate_bp: z.int().min(0).max(10_000).default(0),
    included: z.boolean().default(false),
  }).default({ rate_bp: 0, included: false }),
  origins: z.array(z.string().max(255)).max(20).optional().openapi({
    description: "Origins of browser storefronts (CORS); left out, they stay as they are.",
    example: ["https://tea.example"],
  }),
}).openapi("StoreInput", {
  example: {
    slug: "tea-house",
    name: "Tea house",
    currency: "EUR",
    country: "DE",
    locale: "de-DE",
    tax: { rate_bp: 1900, included: true },
  },
});

// Not extend(): that would be `allOf` two schemas that each refuse what the other has.
const StoreUpdate = z.strictObject({
  ...StoreInput.shape,
  version: z.int().min(1).max(2 ** 31 - 1).openapi({
    description: "The version that the change was made from.",
    example: 1,
  }),
}).openapi("StoreUpdate", {
  example: { slug: "tea-house", name: "Tea and cups", currency: "EUR", country: "DE", version: 1 },
});

const Stats = z.object({
  orders: z.int().openapi({ description: "Orders paid." }),
  revenue: Money.openapi({ description: "Money captured, refunds taken off." }),
  average_order: Money,
  new_customers: z.int(),
  best_sellers: z.array(z.object({
    product_id: Id,
    variant_id: Id,
    sku: z.string().openapi({ example: "TEA-100" }),
    name: z.string().openapi({ example: "Green tea" }),
    quantity: z.int(),
    revenue: Money.openapi({ description: "What the orders with it came to." }),
  })).openapi({ description: "The ten variants sold most." }),
  days: z.array(z.object({ day, orders: z.int(), revenue: Money })).openapi({ description: "Each day of the span." }),
  from: day,
  to: day,
}).openapi("StoreStats");

const named = z.object({ id: z.string().openapi({ description: "The store's id or slug.", example: "default" }) });
const params = z.object({ id: z.string().openapi({ description: "The store's id." }) });

/** /stores: the shops of the platform, their settings and figures. */
export function storeRoutes({ clients, stores, catalogue }: Deps) {
  const app = createRoutes();
  /** The store there is, for those who may: refused before the body is looked at. */
  const managed = visible((id) => {
    require(currentActor(), "store:write", id, "store");
    return clients.store.getStore({ id_or_slug: id });
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Stores"],
      summary: "List stores",
      description: "The active ones; staff see their own in any status, an admin all.",
      request: { query: z.object(pageQuery) },
      responses: answers(200, "A page of stores, oldest first.", pageOf(Store)),
    }),
    async (c) => {
      const { count, ...query } = c.req.valid("query");
      return await cached(
        c,
        catalogue,
        undefined,
        async () => presentPage(await clients.store.listStores({ ...query, count: count === "exact" }), presentStore),
      );
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}",
      tags: ["Stores"],
      summary: "Get a store by id or slug",
      request: { params: named },
      responses: answers(200, "The store.", Store, 404),
    }),
    (c) =>
      cached(
        c,
        catalogue,
        undefined,
        async () => presentStore(await clients.store.getStore({ id_or_slug: c.req.valid("param").id })),
      ),
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags: ["Stores"],
      summary: "Create a store",
      description: "For admins.",
      middleware: [allow("platform:write")] as const,
      request: { body: jsonBody(StoreInput) },
      responses: answers(201, "The store.", Store, 401, 403, 409),
    }),
    async (c) => {
      const store = await clients.store.createStore({ store: inputOf(c.req.valid("json")) });
      stores.forget();
      c.header("Location", `/stores/${store.id}`);
      return c.json(presentStore(store), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}",
      tags: ["Stores"],
      summary: "Replace a store's settings",
      description: "For its managers and admins. What is left out goes back to its default.",
      middleware: [allow("store:write"), managed] as const,
      request: { params, body: jsonBody(StoreUpdate) },
      responses: answers(200, "The store.", Store, 401, 403, 404, 409),
    }),
    async (c) => {
      const { version, ...store } = c.req.valid("json");
      const updated = await clients.store.updateStore({ id: c.req.valid("param").id, store: inputOf(store), version });
      stores.forget();
      return c.json(presentStore(updated), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "put",
      path: "/{id}/status",
      tags: ["Stores"],
      summary: "Set a store's status",
      description: "For admins. A suspended or closed store takes no orders.",
      middleware: [allow("platform:write"), managed] as const,
      request: { params, body: jsonBody(z.strictObject({ status: Status }).openapi("StoreStatusInput")) },
      responses: answers(200, "The store.", Store, 401, 403, 404),
    }),
    async (c) => {
      const store = await clients.store.setStoreStatus({ id: c.req.valid("param").id, ...c.req.valid("json") });
      stores.forget();
      return c.json(presentStore(store), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/stats",
      tags: ["Stores"],
      summary: "Get a store's figures",
      description: "For its staff. Days are in UTC; a span has at most 366.",
      middleware: [allow("stats:read")] as const,
      request: {
        params,
        query: z.object({
          from: day.default("").openapi({ description: "The first day; 29 days before `to` by default." }),
          to: day.default("").openapi({ description: "The last day; today by default." }),
        }),
      },
      responses: answers(200, "The figures.", Stats, 401, 403, 404),
    }),
    async (c) => {
      return c.json(
        await clients.store.getStoreStats({ ...c.req.valid("param"), ...c.req.valid("query") }),
        200,
      );
    },
  );

  return app;
}

/** A store as the contract shows it. */
function inputOf({ origins, ...store }: z.infer<typeof StoreInput>) {
  return { ...store, origins: origins && { values: origins } };
}

function presentStore({ origins, ...store }: StoreMessage) {
  return origins.length ? { ...store, origins } : store;
}
