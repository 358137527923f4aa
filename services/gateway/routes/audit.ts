import { createRoute, z } from "@hono/zod-openapi";
import { type Entry, listAll } from "../audit.ts";
import type { Deps } from "../app.ts";
import { allow } from "../env.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";
import { instant } from "./orders.ts";

const AuditEntry = z.object({
  id: z.string().openapi({ example: "product:4711" }),
  service: z.enum(["payment", "product", "store", "user"]).openapi({ example: "product" }),
  time: Time,
  actor: z.string().openapi({
    description: "user:<id>, guest, anonymous, service, or owner for migrations and the seed.",
    example: "user:019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69",
  }),
  request_id: z.string(),
  table: z.string().openapi({ example: "products" }),
  row_id: z.string().nullable(),
  store_id: Id.nullable().openapi({ description: "null for what is of no store, such as an account." }),
  action: z.enum(["insert", "update", "delete"]),
  before: z.record(z.string(), z.unknown()).nullable().openapi({
    description:
      "What an update changed, as it was, or the whole row that was deleted; of personal data only `changed`.",
    example: { name: "Linen shirt" },
  }),
  after: z.record(z.string(), z.unknown()).nullable().openapi({ example: { name: "Linen shirt, washed" } }),
}).openapi("AuditEntry");

const query = z.object({
  limit: pageQuery.limit,
  cursor: pageQuery.cursor,
  table: text(100).optional().openapi({
    description: "Such as products, stores, users, payments.",
    example: "products",
  }),
  row_id: text(100).optional().openapi({ description: "The row's id." }),
  actor: text(200).optional().openapi({ description: "As in the entries, or a user's id." }),
  from: instant.optional().openapi({ description: "At or after this time." }),
  to: instant.optional().openapi({ description: "Before this time." }),
});

/** /audit: who changed what. */
export function audit({ clients: { payment, product, store, user }, stores }: Deps) {
  const app = createRoutes();
  const lists = {
    payment: payment.listAudit,
    product: product.listAudit,
    store: store.listAudit,
    user: user.listAudit,
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["Audit"],
      summary: "List who changed what, newest first",
      description:
        "Users, products, payments and stores. All for an admin, a manager's own stores'; of one store where " +
        "`X-Store` or `?store=` names it. A page may be shorter than its limit though there is a next one.",
      middleware: [allow("audit:read")] as const,
      request: { query },
      responses: answers(200, "A page of entries.", pageOf(AuditEntry), 401, 403, 404),
    }),
    async (c) => {
      const { limit, cursor, table, actor, ...filter } = c.req.valid("query");
      const named = c.req.header("X-Store") ?? c.req.query("store");
      const page = await listAll(
        lists,
        {
          ...filter,
          from: filter.from,
          to: filter.to,
          ...(named ? { store_id: (await stores.of(c)).id } : {}),
          ...(table ? { table_name: table } : {}),
          ...(actor ? { actor: /^[0-9a-f-]{36}$/i.test(actor) ? `user:${actor.toLowerCase()}` : actor } : {}),
        },
        limit,
        cursor,
      );
      c.header("Cache-Control", "no-store");
      return c.json(presentPage(page, present), 200);
    },
  );

  return app;
}

function present({ id, service, time, table_name, row_id, store_id, before_json, after_json, ...entry }: Entry) {
  return {
    id: `${service}:${id}`,
    service,
    time: time?.toISOString() ?? "",
    ...entry,
    table: table_name,
    row_id: row_id ?? null,
    store_id: store_id ?? null,
    before: before_json ? JSON.parse(before_json) as Record<string, unknown> : null,
    after: after_json ? JSON.parse(after_json) as Record<string, unknown> : null,
  };
}
