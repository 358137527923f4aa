import { createRoute, z } from "@hono/zod-openapi";
import type { ImportedProduct, ImportResult, Product } from "../../../proto/gen/nano/product/v1/product.ts";
import { currentActor, require } from "../../shared/auth.ts";
import { NanoError, toNanoError } from "../../shared/errors.ts";
import { type Money, parseMoney, toDecimal } from "../../shared/money.ts";
import { fitting } from "../../shared/pagination.ts";
import { toProblem } from "../../shared/problem.ts";
import { watched } from "../../shared/streams.ts";
import type { Deps } from "../app.ts";
import { inTime } from "../bounds.ts";
import { BulkAnswer, Ids, patiently, toEach } from "../bulk.ts";
import { csvDownload, csvLine } from "../csv.ts";
import type { RequestContext } from "../env.ts";
import { allow } from "../guards.ts";
import { answers, createRoutes, jsonBody } from "../openapi.ts";
import { COLUMNS, readProducts, type RefusedLine } from "../product_table.ts";
import { Id } from "../schemas.ts";
import { inOwnStore } from "./own_store.ts";
import { listQuery, Stock } from "./product_schemas.ts";

const tags = ["Products"];
const IMPORT_MS = 120_000;
/** What one call imports: so many products, and so many characters of JSON, which is less than a request may have. */
const BATCH = 50;
const BATCH_TEXT = 300_000;
const LINES = "application/x-ndjson";

/** Hears how many of all are done. */
type Tell = (done: number, total: number) => void;
const MAX_CHANGES = 2_000;
const MAX_SHOWN = 200;

const Status = z.enum(["draft", "active", "archived"]);
const BulkStatus = z.strictObject({ ids: Ids, status: Status }).openapi("ProductBulkStatus", {
  example: { ids: ["019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69"], status: "active" },
});

const ImportReport = z.object({
  dry_run: z.boolean(),
  created: z.int().openapi({ description: "Products.", example: 3 }),
  updated: z.int().openapi({ example: 1 }),
  unchanged: z.int().openapi({ example: 20 }),
  refused: z.array(z.object({ line: z.int(), code: z.string(), message: z.string() })).openapi({
    description: "Lines that are not imported, counted from 1, the header's.",
    example: [{ line: 7, code: "invalid_price", message: "ten is no price in USD." }],
  }),
  changes: z.array(z.object({
    line: z.int(),
    slug: z.string(),
    sku: z.string().optional(),
    field: z.string(),
    from: z.string(),
    to: z.string(),
  })).openapi({
    description: "Each field that changes, the first 2,000; long texts are cut.",
    example: [{ line: 2, slug: "linen-shirt", sku: "SHIRT-L", field: "price", from: "39.00", to: "35.00" }],
  }),
  changes_left_off: z.int().openapi({ example: 0 }),
}).openapi("ImportReport");

const text = { type: "string" } as const;

/** /products: what an operator does to many at once. Mounted before products.ts, whose ids would match these paths. */
export function productConsole({ clients: { product }, stores }: Deps) {
  const app = createRoutes();

  app.openapi(
    createRoute({
      method: "post",
      path: "/bulk-status",
      tags,
      summary: "Set the status of many products",
      description: "Each by itself: publish (active), take back (draft) or archive. At most 100.",
      middleware: [allow("product:write")] as const,
      request: { body: jsonBody(BulkStatus) },
      responses: answers(200, "What became of each.", BulkAnswer, 401, 403),
    }),
    async (c) => {
      const { ids, status } = c.req.valid("json");
      return c.json(await toEach(ids, (id) => setStatus(id, status)), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/import",
      tags,
      summary: "Import products from a table",
      description: "CSV, UTF-8, at most 1 MiB and 2,000 lines, with the columns " +
        `${
          COLUMNS.map((column) => `\`${column}\``).join(", ")
        } and one for each option, at most 100, such as \`option:Size\`. Lines ` +
        "of one slug (or, without slugs, one name) are the variants of one product; a variant is found by its `sku`. An " +
        "empty cell changes nothing. `price` is written as people do (12.34) in the store's currency and locale, `stock` is what " +
        "shall be on the shelf, `category` a slug or name or `-` for none. A product is imported as a whole or not at " +
        "all; the same table again changes nothing. With `dry_run=true` the report says what would happen. With " +
        '`Accept: application/x-ndjson` it comes as lines of JSON while it goes on: `{"done":50,"total":2000}`, ' +
        'again and again, and at the end `{"report":…}` or `{"problem":…}`.',
      middleware: [inOwnStore(stores, "product:write")] as const,
      request: {
        query: z.object({
          dry_run: z.enum(["true", "false"]).default("false").openapi({ description: "Only say what would happen." }),
        }),
        body: {
          content: {
            "text/csv": {
              schema: { ...text, example: "name,sku,price,stock,option:Size\nLinen shirt,SHIRT-L,39.00,12,L\n" },
            },
          },
        },
      },
      responses: answers(200, "The report.", ImportReport, 401, 403, 404, 413, 415),
    }),
    async (c) => {
      const dry_run = c.req.valid("query").dry_run === "true";
      const store = await stores.of(c);
      const { products, refused } = readProducts(new Uint8Array(await inTime(c.req.arrayBuffer())), store);
      const run = async (tell?: Tell) => {
        const results = await patiently(IMPORT_MS, () => importAll(store.id, products, dry_run, tell));
        return report(dry_run, results, refused);
      };
      if (c.req.header("Accept")?.includes(LINES)) return told(c, run);
      return c.json(await run(), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/export.csv",
      tags,
      summary: "Export products as a table",
      description: "With the list's filters; the import takes it back. For staff of the request's store.",
      middleware: [inOwnStore(stores, "product:read")] as const,
      request: { query: listQuery.omit({ limit: true, cursor: true, count: true }) },
      responses: {
        ...answers(200, "The table.", undefined, 401, 403, 404),
        200: { description: "The table.", content: { "text/csv": { schema: text } } },
      },
    }),
    async (c) => {
      const query = c.req.valid("query");
      const { id: store_id, locale } = await stores.of(c);
      const { data: options } = await product.listOptionNames({ store_id });
      const header = [...COLUMNS, ...options.map((option) => `option:${option}`)];
      return await csvDownload(c, "products.csv", header, async (cursor) => {
        const page = await product.listProducts({
          ...query,
          store_id,
          limit: 100,
          count: false,
          ...(cursor ? { cursor } : {}),
        });
        const variant_ids = page.data.flatMap(({ variants }) => variants.map(({ id }) => id));
        const { data } = await product.listStock({ store_id, variant_ids });
        const on_hand = new Map(data.map((stock) => [stock.variant_id, stock.on_hand]));
        return {
          lines: page.data.map((found) => linesOf(found, on_hand, options, locale)).join(""),
          next_cursor: page.next_cursor,
        };
      });
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/{id}/stock",
      tags,
      summary: "Get the stock of all variants of a product",
      description: "For staff of its store.",
      middleware: [allow("product:read")] as const,
      request: { params: z.object({ id: z.string().openapi({ description: "The product's id." }) }) },
      responses: answers(
        200,
        "The stock of each variant.",
        z.object({ data: z.array(Stock.extend({ variant_id: Id }).openapi("VariantStock")) }),
        401,
        403,
        404,
      ),
    }),
    async (c) => {
      const { store_id, variants } = await product.getProduct({ store_id: "", id_or_slug: c.req.valid("param").id });
      require(currentActor(), "product:read", store_id, "product");
      const { data } = await product.listStock({ store_id, variant_ids: variants.map(({ id }) => id) });
      const order = variants.map(({ id }) => id);
      c.header("Cache-Control", "no-store");
      return c.json({ data: data.sort((a, b) => order.indexOf(a.variant_id) - order.indexOf(b.variant_id)) }, 200);
    },
  );

  /** Sets a status, whatever version the product has; once more if somebody else changes it meanwhile. */
  async function setStatus(id: string, status: string, again = true): Promise<string> {
    const found = await product.getProduct({ store_id: "", id_or_slug: id });
    require(currentActor(), "product:write", found.store_id, "product");
    if (found.status === status) return status;
    const change = { status, images: [], has_images: false, variants: [], has_variants: false, attributes: undefined };
    try {
      return (await product.updateProduct({ id, version: found.version, replace: false, product: change })).status;
    } catch (error) {
      if (!again || !(error instanceof NanoError) || error.code !== "version_conflict") throw error;
      return await setStatus(id, status, false);
    }
  }

  async function importAll(
    store_id: string,
    products: ImportedProduct[],
    dry_run: boolean,
    tell?: Tell,
  ): Promise<ImportResult[]> {
    const results: ImportResult[] = [];
    const sizeOf = (one: ImportedProduct) => JSON.stringify(one).length;
    for (let at = 0; at < products.length;) {
      tell?.(at, products.length);
      const rest = products.slice(at, at + BATCH);
      const batch = rest.slice(0, fitting(rest, BATCH, sizeOf, BATCH_TEXT));
      const { data } = await product.importProducts({ store_id, dry_run, products: batch });
      results.push(...data);
      at += batch.length;
    }
    return results;
  }

  return app;
}

/** Runs an import and tells of it as it goes on: the lines that `Accept: application/x-ndjson` asks for. */
function told(c: RequestContext, run: (tell: Tell) => Promise<z.infer<typeof ImportReport>>) {
  const encoder = new TextEncoder();
  // The import goes on where nobody listens any more.
  let heard = true;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const line = (value: unknown) => {
        if (heard) controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      };
      try {
        line({ report: await run((done, total) => line({ done, total })) });
      } catch (error) {
        line({ problem: toProblem(toNanoError(error), c.req.path, c.get("request_id")) });
      }
      if (heard) controller.close();
    },
    cancel: () => void (heard = false),
  });
  return c.body(watched(body, c.env), 200, { "Content-Type": `${LINES}; charset=utf-8`, "Cache-Control": "no-store" });
}

function report(dry_run: boolean, results: ImportResult[], refused: RefusedLine[]): z.infer<typeof ImportReport> {
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  const changes = results.flatMap(({ slug, changes }) =>
    changes.map(({ from, to, ...change }) => ({ ...change, slug, from: cut(from), to: cut(to) }))
  );
  const refusals = results.filter((result) => result.outcome === "refused");
  return {
    dry_run,
    created: count("created"),
    updated: count("updated"),
    unchanged: count("unchanged"),
    refused: [...refused, ...refusals.map(({ line, code, message }) => ({ line, code, message }))]
      .sort((a, b) => a.line - b.line),
    changes: changes.slice(0, MAX_CHANGES),
    changes_left_off: Math.max(0, changes.length - MAX_CHANGES),
  };
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** A product's lines, one for each variant; its description stands on the first only. */
function linesOf(product: Product, on_hand: Map<string, number>, options: string[], locale: string): string {
  return product.variants.map((variant, index) =>
    csvLine([
      product.name,
      product.slug,
      variant.sku,
      variant.price && priceCell(variant.price, locale),
      on_hand.get(variant.id),
      product.category?.slug,
      index === 0 ? product.description : "",
      product.status,
      ...options.map((option) => variant.options[option]),
    ])
  ).join("");
}

/** A price as the store's import reads it: with a comma where "1.234" would be more than a thousand. */
function priceCell(price: Money, locale: string): string {
  const plain = toDecimal(price);
  const read = parseMoney(plain, price.currency, locale);
  return read?.amount === price.amount ? plain : plain.replace(".", ",");
}
