import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "@hono/hono/factory";
import type { ApiKey as ApiKeyMessage } from "../../../proto/gen/nano/user/v1/user.ts";
import type { Deps } from "../app.ts";
import { currentActor, require } from "../../shared/auth.ts";
import { KEY_SCOPES } from "../../shared/permissions.ts";
import type { Env } from "../env.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";
import { storeNamed } from "../stores.ts";
import { inOwnStore } from "./own_store.ts";

const kind = z.enum(["publishable", "secret"]).openapi({ example: "secret" });
const scopes = z.array(z.enum(KEY_SCOPES)).max(100).openapi({ example: ["order:read", "stock:write"] });

const ApiKey = z.object({
  id: Id,
  store_id: Id,
  kind,
  name: z.string().openapi({ example: "Warehouse" }),
  scopes,
  prefix: z.string().openapi({ example: "nano_sk_" }),
  last4: z.string().openapi({ description: "The end of the key.", example: "x7Qa" }),
  creator_id: Id.nullable(),
  create_time: Time,
  last_used_time: Time.nullable().openapi({ description: "To a minute." }),
  revoke_time: Time.nullable().openapi({ description: "null while it works.", example: null }),
}).openapi("ApiKey");

const ApiKeyWithSecret = ApiKey.extend({
  key: z.string().openapi({
    description: "The key itself, in this answer only.",
    example: "nano_sk_q1Zr0p5mS7c2tXvB9nKd4wYhUeJfLgOiAaPzRxTs3M8",
  }),
}).openapi("ApiKeyWithSecret");

const ApiKeyInput = z.strictObject({
  store_id: Id.optional().openapi({ description: "The request's store if absent." }),
  kind,
  name: text(200).openapi({ example: "Warehouse" }),
  scopes: scopes.optional().openapi({ description: "What a secret key may; a publishable one has none." }),
}).openapi("ApiKeyInput", {
  example: { kind: "secret", name: "Warehouse", scopes: ["order:read", "stock:write"] },
});

const tags = ["API keys"];
const params = z.object({ id: z.string().openapi({ description: "The key's id." }) });

/** /api-keys: what machines sign in with. */
export function apiKeys({ clients: { store, user }, keys, stores }: Deps) {
  const app = createRoutes();

  /** A store that the request names must be the actor's, whatever the body says. */
  const namedOwn = createMiddleware<Env>(async (c, next) => {
    if (storeNamed(c)) {
      require(currentActor(), "key:write", (await stores.of(c)).id, "store");
    }
    await next();
  });

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "List API keys",
      description: "Those of the request's store, for its managers; the newest first, revoked ones too.",
      middleware: [inOwnStore(stores, "key:read")] as const,
      request: { query: z.object({ limit: pageQuery.limit, cursor: pageQuery.cursor }) },
      responses: answers(200, "A page of keys.", pageOf(ApiKey), 401, 403, 404),
    }),
    async (c) => {
      const page = await user.listApiKeys({ store_id: (await stores.of(c)).id, ...c.req.valid("query") });
      return c.json(presentPage(page, present), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary: "Create an API key",
      description: "The answer shows the key, this once. It goes into `Authorization: Bearer …` or `X-Api-Key`. " +
        "A publishable key is for a store's front: it names the store, reads the catalogue and sells to guests, and may " +
        "be seen by anybody. A secret key acts for its store with exactly its scopes, none of which may exceed its maker's.",
      middleware: [allow("key:write"), namedOwn] as const,
      request: { body: jsonBody(ApiKeyInput) },
      responses: answers(201, "The key.", ApiKeyWithSecret, 401, 403, 404),
    }),
    async (c) => {
      const { store_id, scopes = [], ...input } = c.req.valid("json");
      // The user service does not know which there are.
      const { id } = store_id === undefined ? await stores.of(c) : await store.getStore({ id_or_slug: store_id });
      const { api_key, key } = await user.createApiKey({ store_id: id, ...input, scopes });
      if (!api_key) throw new Error("Cannot present a key as the answer has none.");
      return c.json({ ...present(api_key), key }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags,
      summary: "Revoke an API key",
      description: "It is dead at once.",
      middleware: [allow("key:write")] as const,
      request: { params },
      responses: answers(204, "Revoked.", undefined, 401, 403, 404),
    }),
    async (c) => {
      const { hash } = await user.revokeApiKey(c.req.valid("param"));
      await keys.kill(hash);
      return c.body(null, 204);
    },
  );

  return app;
}

function present({ kind, creator_id, create_time, last_used_time, revoke_time, ...key }: ApiKeyMessage) {
  return {
    ...key,
    kind: kind === "secret" ? "secret" as const : "publishable" as const,
    creator_id: creator_id ?? null,
    create_time: create_time?.toISOString() ?? "",
    last_used_time: last_used_time?.toISOString() ?? null,
    revoke_time: revoke_time?.toISOString() ?? null,
  };
}
