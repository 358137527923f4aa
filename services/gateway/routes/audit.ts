import { createRoute, z } from "@hono/zod-openapi";
import { type Entry, listAll } from "../audit.ts";
import type { Deps } from "../app.ts";
import type { RequestContext } from "../env.ts";
import { allow } from "../guards.ts";
import { csvLine, download } from "../csv.ts";
import { answers, createRoutes } from "../openapi.ts";
import { Id, pageOf, pageQuery, presentPage, text, Time } from "../schemas.ts";
import { storeNamed } from "../stores.ts";
import { instant } from "./orders.ts";

const AuditEntry = z.object({
  id: z.string().openapi({ example: "product:4711" }),
  service: z.enum(["payment", "product", "store", "user"]).openapi({ example: "product" }),
  time: Time,
  actor: z.string().openapi({
    description: "user:<id>, api_key:<id>, guest, anonymous, service, or owner for migrations and the seed.",
    example: "user:019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69",
  }),
  request_id: z.string(),
  network: z.string().openapi({
    description: "The network that the client asked from, cut to /24 or /48; empty outside of requests.",
    example: "203.0.113.0/24",
  }),
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

const filters = {
  table: text(100).optional().openapi({
    description: "Such as products, stores, users, payments.",
    example: "products",
  }),
  row_id: text(100).optional().openapi({ description: "The row's id." }),
  action: z.enum(["insert", "update", "delete"]).optional(),
  request_id: text(200).optional().openapi({ description: "All that one request changed." }),
  actor: text(200).optional().openapi({ description: "As in the entries, or a user's id." }),
  from: instant.optional().openapi({ description: "At or after this time." }),
  to: instant.optional().openapi({ description: "Before this time." }),
};
const query = z.object({ limit: pageQuery.limit, cursor: pageQuery.cursor, ...filters });
const exportQuery = z.object({
  format: z.enum(["csv", "ndjson"]).default("csv").openapi({ description: "ndjson: one JSON object a line." }),
  ...filters,
});

const COLUMNS = [
  "time",
  "service",
  "id",
  "action",
  "table",
  "row_id",
  "store_id",
  "actor",
  "network",
  "request_id",
  "before",
  "after",
] as const;
/** How many entries are read at a time. */
const PAGE = 100;

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
      const { limit, cursor, ...filter } = c.req.valid("query");
      const page = await listAll(lists, await requestOf(c, filter), limit, cursor);
      c.header("Cache-Control", "no-store");
      return c.json(presentPage(page, present), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/export",
      tags: ["Audit"],
      summary: "Export who changed what, newest first",
      description: "All that the list shows with the same filters, streamed. That it was taken out is itself logged.",
      middleware: [allow("audit:read")] as const,
      request: { query: exportQuery },
      responses: {
        ...answers(200, "The log.", undefined, 401, 403, 404),
        200: {
          description: "The log.",
          content: {
            "text/csv": { schema: { type: "string" } },
            "application/x-ndjson": { schema: { type: "string" } },
          },
        },
      },
    }),
    async (c) => {
      const { format, ...filter } = c.req.valid("query");
      const request = await requestOf(c, filter);
      await user.recordExport({ kind: "audit", filter_json: JSON.stringify({ format, ...impersonal(request) }) });
      const [type, header] = format === "csv"
        ? ["text/csv; charset=utf-8", csvLine(COLUMNS)]
        : ["application/x-ndjson", ""];
      return await download(c, `audit.${format}`, type, header, async (cursor) => {
        const { data, next_cursor } = await listAll(lists, request, PAGE, cursor);
        return { lines: data.map(present).map(format === "csv" ? csvOf : ndjsonOf).join(""), next_cursor };
      });
    },
  );

  /** The filters as the services take them; of one store where the request names it. */
  async function requestOf(c: RequestContext, { table, actor, ...filter }: z.infer<z.ZodObject<typeof filters>>) {
    const named = storeNamed(c);
    return {
      ...filter,
      from: filter.from,
      to: filter.to,
      ...(named ? { store_id: (await stores.of(c)).id } : {}),
      ...(table ? { table_name: table } : {}),
      ...(actor ? { actor: /^[0-9a-f-]{36}$/i.test(actor) ? `user:${actor.toLowerCase()}` : actor } : {}),
    };
  }

  return app;
}

/** What was typed may be a person's name or e-mail address: of that the log, which forgets nothing, keeps ids only. */
function impersonal(filter: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown) => typeof value !== "string" || /^[a-z_]*:?[0-9a-f-]*$/i.test(value);
  return Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, plain(value) ? value : "(text)"]));
}

function csvOf(entry: ReturnType<typeof present>): string {
  const cells = COLUMNS.map((column) => entry[column]);
  return csvLine(
    cells.map((cell) => cell === null ? undefined : typeof cell === "object" ? JSON.stringify(cell) : cell),
  );
}

function ndjsonOf(entry: ReturnType<typeof present>): string {
  return `${JSON.stringify(entry)}\n`;
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
