import { z } from "@hono/zod-openapi";
import type { Product as ProductMessage } from "../../../proto/gen/nano/product/v1/product.ts";
import { Id, Money, MoneyInput, pageQuery, text, Time, wholeNumber } from "../schemas.ts";

const MAX_ATTRIBUTES = 8 * 1024;
const MAX_DEPTH = 20;

const Status = z.enum(["draft", "active", "archived"]).openapi({ example: "active" });

/** A slug: words of lower-case letters and digits, joined by hyphens. */
export const Slug = text(200).regex(
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
  "must be lower-case letters and digits, in words joined by hyphens",
)
  .openapi({ example: "linen-shirt" });

export const Product = z.object({
  id: Id,
  store_id: Id,
  slug: z.string().openapi({ example: "linen-shirt" }),
  name: z.string().openapi({ example: "Linen shirt" }),
  description: z.string(),
  status: Status,
  category: z.object({ id: Id, slug: z.string(), name: z.string() }).optional(),
  attributes: z.record(z.string(), z.unknown()).openapi({ example: { material: "linen" } }),
  images: z.array(z.object({ url: z.string(), alt: z.string() })),
  price: Money.openapi({ description: "The lowest price among its variants." }),
  variants: z.array(z.object({
    id: Id,
    sku: z.string().openapi({ example: "SHIRT-L" }),
    name: z.string().openapi({ description: "Empty for a simple product.", example: "L" }),
    options: z.record(z.string(), z.string()).openapi({ example: { size: "L" } }),
    price: Money,
    available: z.int().openapi({ description: "How many can be bought now.", example: 12 }),
  })),
  create_time: Time,
  update_time: Time,
  version: z.int(),
}).openapi("Product");

const price = wholeNumber.optional().openapi({ type: "integer", minimum: 0 });

/** The query of the list of products. */
export const listQuery = z.object({
  ...pageQuery,
  q: text(200).optional().openapi({
    description:
      "Words to search for; the last may be unfinished. Where fewer than five products have them, those are " +
      "found too that have words like these.",
    example: "shirt",
  }),
  category: text(200).optional().openapi({ description: "A category's id or slug; descendants count too." }),
  min_price: price.openapi({ description: "Minor units." }),
  max_price: price.openapi({ description: "Minor units." }),
  in_stock: z.enum(["true", "false"]).transform((value) => value === "true").optional(),
  status: Status.optional().openapi({ description: "Staff only." }),
  sort: z.enum(["name", "price", "-price", "-create_time"]).optional().openapi({
    description: "The newest first if left out; of a search what fits best, at most about 1,000.",
  }),
});

const Image = z.strictObject({
  url: text(2000).refine(isImageUrl, { message: "must be an http(s) URL or a path of this platform" }).openapi({
    description: "An image elsewhere is copied soon after, if it can be: its URL becomes a path /media/…, and the " +
      "product's version rises.",
  }),
  alt: text(500, 0).default(""),
});

const stock = z.int().min(0).max(1_000_000_000).openapi({
  description: "The first stock; of a new variant only.",
  example: 12,
});
const sku = text(100).openapi({ example: "SHIRT-L" });

const VariantInput = z.strictObject({
  id: Id.optional().openapi({ description: "An existing variant; else it is found by its SKU." }),
  sku: sku.optional(),
  name: text(200, 0).optional(),
  options: z.record(text(100), text(200, 0)).refine((options) => Object.keys(options).length <= 20, {
    message: "must be at most 20",
  }).optional(),
  price: MoneyInput.optional(),
  stock: stock.optional(),
}).openapi("VariantInput");

const shape = {
  name: text(200).openapi({ example: "Linen shirt" }),
  slug: Slug.optional().openapi({ description: "Made from the name if left out." }),
  description: text(20_000, 0).optional(),
  status: Status.optional().openapi({ description: "`active` by default." }),
  category: text(200).nullish().openapi({ description: "A category's id or slug; null for none.", example: "shirts" }),
  attributes: z.record(z.string(), z.unknown()).superRefine(checkAttributes).optional().openapi({
    description: "Anything, to 8 KiB of JSON.",
    example: { material: "linen" },
  }),
  images: z.array(Image).max(20).optional(),
  variants: z.array(VariantInput).min(1).max(100).optional().openapi({
    description: "Or, for a simple product: sku, price, stock.",
  }),
  sku: sku.optional().openapi({ description: "A simple product's." }),
  price: MoneyInput.optional(),
  stock: stock.optional(),
};

const version = z.int().min(1).max(2 ** 31 - 1).openapi({
  description: "The version that the change was made from.",
  example: 1,
});

const variants = [{ sku: "SHIRT-M", name: "M", options: { size: "M" }, price: 3900, stock: 12 }];

/** The body of POST /products. */
export const ProductInput = z.strictObject(shape).superRefine(hasVariants).openapi("ProductInput", {
  example: {
    name: "Linen shirt",
    description: "Cool in summer.",
    category: "shirts",
    attributes: { material: "linen" },
    variants,
  },
});

/** The body of PUT /products/{id}. */
export const ProductReplacement = z.strictObject({ ...shape, version }).superRefine(hasVariants).openapi(
  "ProductReplacement",
  {
    example: { name: "Linen shirt", sku: "SHIRT-M", price: { amount: 3500, currency: "USD" }, version: 1 },
  },
);

/** The body of PATCH /products/{id}. */
export const ProductChange = z.strictObject({ ...shape, name: shape.name.optional(), version }).superRefine(oneForm)
  .openapi("ProductChange", { example: { description: "Cool in summer, warm in winter.", version: 1 } });

/** What the three bodies have in common. */
export type ProductBody = z.infer<typeof ProductChange> | z.infer<typeof ProductInput>;

export const Stock = z.object({
  on_hand: z.int().openapi({ description: "On the shelf.", example: 12 }),
  reserved: z.int().openapi({ description: "Of these, held for orders.", example: 2 }),
  available: z.int().openapi({ description: "Can be bought.", example: 10 }),
}).openapi("Stock");

export const StockMovement = z.strictObject({
  delta: z.int().min(-1_000_000_000).max(1_000_000_000).refine((delta) => delta !== 0, { message: "must not be 0" })
    .openapi({ description: "The signed quantity.", example: -2 }),
  reason: text(200).openapi({ example: "Two were broken" }),
}).openapi("StockMovement");

/** The message with what it may leave out. */
export function presentProduct(product: ProductMessage) {
  return { ...product, attributes: product.attributes ?? {} };
}

function isImageUrl(url: string): boolean {
  return /^\/(?!\/)[\x21-\x7e]*$/.test(url) || (/^https?:\/\//i.test(url) && URL.canParse(url));
}

type Body = { variants?: unknown; sku?: unknown; price?: unknown; stock?: unknown };

/** Refuses a product that is both simple and not. */
function oneForm(body: Body, context: z.RefinementCtx): void {
  if (!body.variants) return;
  for (const field of ["sku", "price", "stock"] as const) {
    if (body[field] === undefined) continue;
    context.addIssue({
      code: "custom",
      path: [field],
      message: "must be left out where there are variants",
      params: { code: "ambiguous_variants" },
    });
  }
}

/** Refuses a product without variants. */
function hasVariants(body: Body, context: z.RefinementCtx): void {
  oneForm(body, context);
  if (body.variants) return;
  for (const field of ["sku", "price"] as const) {
    if (body[field] === undefined) {
      context.addIssue({
        code: "custom",
        path: [field],
        message: "is required where there are no variants",
        params: { code: "required" },
      });
    }
  }
}

/** Refuses attributes that are too large or deep, or have text that JSON in PostgreSQL cannot hold. Never recurses. */
function checkAttributes(attributes: Record<string, unknown>, context: z.RefinementCtx): void {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  let level: unknown[] = [attributes];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH || level.length > MAX_ATTRIBUTES) {
      return refuse(`must be at most ${MAX_DEPTH} levels deep and 8 KiB`);
    }
    const texts = level.flatMap((value) =>
      typeof value === "string" ? [value] : isObject(value) ? Object.keys(value) : []
    );
    if (texts.some((text) => !text.isWellFormed() || text.includes("\0"))) {
      return refuse("must be well-formed Unicode without NUL");
    }
    level = level.flatMap((value) => isObject(value) ? Object.values(value) : []);
  }
  if (new TextEncoder().encode(JSON.stringify(attributes)).length > MAX_ATTRIBUTES) refuse("must be at most 8 KiB");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
