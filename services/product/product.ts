import { conflict, invalid } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { MAX_AMOUNT, type Money, sameCurrency } from "../shared/money.ts";

/** Only what is active is on sale; what was ever ordered is archived rather than erased. */
export const STATUSES = ["draft", "active", "archived"] as const;
/** Where a product is between being written and being taken off. */
export type Status = typeof STATUSES[number];

/** A picture of a product, and what it shows for who cannot see it. */
export interface Image {
  url: string;
  alt: string;
}

/** A variant as it is on sale. */
export interface Variant {
  id: string;
  sku: string;
  name: string;
  options: Record<string, string>;
  price: number;
  available: number;
}

/** A product with its variants on sale; amounts in minor units of its currency. */
export interface Product {
  id: string;
  store_id: string;
  slug: string;
  name: string;
  description: string;
  status: Status;
  category_id: string | null;
  category_slug: string | null;
  category_name: string | null;
  attributes: Record<string, unknown>;
  images: Image[];
  currency: string;
  price: number;
  variants: Variant[];
  create_time: Date;
  update_time: Date;
  version: number;
}

/** What a product shall be; what is undefined was not given. */
export interface ProductInput {
  name?: string | undefined;
  slug?: string | undefined;
  description?: string | undefined;
  status?: string | undefined;
  /** An id or slug; empty for none. */
  category?: string | undefined;
  attributes?: Record<string, unknown> | undefined;
  images?: Image[] | undefined;
  variants?: VariantInput[] | undefined;
}

/** A variant as staff write it; without an id or a known SKU it is a new one. */
export interface VariantInput {
  id?: string | undefined;
  sku?: string | undefined;
  name?: string | undefined;
  options?: Record<string, string> | undefined;
  price?: Money | undefined;
  stock?: number | undefined;
}

/** The columns of a product that an operator sets. */
export interface ProductFields {
  name: string;
  slug: string;
  description: string;
  status: Status;
  attributes: Record<string, unknown>;
  images: Image[];
}

/** The columns of a variant that an operator sets. */
export interface VariantFields {
  sku: string;
  name: string;
  options: Record<string, string>;
  price: number;
}

/** A variant that exists, on sale or archived. */
export interface ExistingVariant extends VariantFields {
  id: string;
  position: number;
  archived: boolean;
}

/** What has to be written so that the variants are as wanted. Positions count up in the order of the input. */
export interface VariantPlan {
  added: (VariantFields & { position: number; stock: number })[];
  changed: (VariantFields & { id: string; position: number })[];
  archived: string[];
  /** Of those changed, who leave their SKU to another of the product: it has to be free before. */
  yielding: string[];
}

const MAX_VARIANTS = 100;
const MAX_IMAGES = 20;
const MAX_ATTRIBUTES = 8 * 1024;
const MAX_STOCK = 1_000_000_000;

/**
 * Matches the variants wanted with those that exist: by id, else by SKU; a single one without either, or a simple
 * product's, with its one variant. With `replace` what is left out is archived and what is unset falls back to its
 * default; else it stays. Throws where a field is missing, unknown, doubled or not of the product's currency.
 */
export function planVariants(
  existing: ExistingVariant[],
  wanted: VariantInput[],
  replace: boolean,
  currency: string,
): VariantPlan {
  const live = existing.filter((variant) => !variant.archived);
  const plan: VariantPlan = { added: [], changed: [], archived: [], yielding: [] };
  const taken = new Set<string>();
  let next = Math.max(-1, ...live.map((variant) => variant.position)) + 1;
  if (replace && wanted.length === 0) {
    throw invalid("variants_required", "A product has at least one variant.", "/variants");
  }
  wanted.forEach((input, index) => {
    const at = (field: string) => `/variants/${index}/${field}`;
    if (input.price) {
      sameCurrency(currency, input.price.currency, at("price/currency"));
      if (!Number.isSafeInteger(input.price.amount) || input.price.amount < 0 || input.price.amount > MAX_AMOUNT) {
        throw invalid("invalid_price", `A price is from 0 to ${MAX_AMOUNT} minor units.`, at("price"));
      }
    }
    const found = match(existing, live, wanted, input, at);
    const known = replace && found ? { ...found, name: "", options: {} } : found;
    const fields = {
      sku: given(input.sku ?? found?.sku, at("sku")),
      name: input.name ?? known?.name ?? "",
      options: input.options ?? known?.options ?? {},
      price: given(input.price?.amount ?? (replace ? undefined : found?.price), at("price")),
    };
    if (!found) {
      const stock = input.stock ?? 0;
      if (stock < 0 || stock > MAX_STOCK) {
        throw invalid("invalid_stock", `Stock is from 0 to ${MAX_STOCK}.`, at("stock"));
      }
      plan.added.push({ ...fields, stock, position: replace ? index : next++ });
      return;
    }
    if (taken.has(found.id)) {
      throw invalid("duplicate_variant", "This variant is there twice.", at(input.id ? "id" : "sku"));
    }
    taken.add(found.id);
    if (input.stock !== undefined) {
      throw invalid(
        "stock_by_movement",
        "The stock of an existing variant changes by POST /variants/{id}/stock.",
        at("stock"),
      );
    }
    plan.changed.push({
      ...fields,
      id: found.id,
      position: replace ? index : found.archived ? next++ : found.position,
    });
  });
  if (replace) plan.archived = live.filter((variant) => !taken.has(variant.id)).map((variant) => variant.id);
  refuseDoubles(live, plan);
  const ownerOf = new Map(plan.changed.map(({ id, sku }) => [sku, id]));
  plan.yielding = live.filter(({ id, sku }) => taken.has(id) && ownerOf.has(sku) && ownerOf.get(sku) !== id)
    .map(({ id }) => id);
  return plan;
}

function match(
  existing: ExistingVariant[],
  live: ExistingVariant[],
  wanted: VariantInput[],
  input: VariantInput,
  at: (field: string) => string,
): ExistingVariant | undefined {
  if (input.id !== undefined) {
    const found = existing.find((variant) => variant.id === input.id?.toLowerCase());
    if (!found) throw invalid("variant_not_found", "The product has no variant with this id.", at("id"));
    return found;
  }
  const bySku = live.find((variant) => variant.sku === input.sku);
  if (bySku) return bySku;
  // A simple product's one variant needs no name, and `sku` then is a new SKU for it.
  const only = live.length === 1 && wanted.length === 1 ? live[0] : undefined;
  if (input.sku === undefined || (input.name === "" && only?.name === "" && input.stock === undefined)) return only;
  return undefined;
}

function given<T>(value: T | undefined, pointer: string): T {
  if (value === undefined) throw invalid("required", "This is required.", pointer);
  return value;
}

function refuseDoubles(live: ExistingVariant[], plan: VariantPlan): void {
  const skus = new Set<string>();
  const written = [...plan.changed, ...plan.added];
  for (const { sku } of written) {
    if (skus.has(sku)) throw invalid("duplicate_sku", `The SKU ${sku} is there twice.`, "/variants");
    skus.add(sku);
  }
  const touched = new Set([...plan.archived, ...plan.changed.map((variant) => variant.id)]);
  const count = written.length + live.filter((variant) => !touched.has(variant.id)).length;
  if (count > MAX_VARIANTS) {
    throw invalid("too_many_variants", `A product has at most ${MAX_VARIANTS} variants.`, "/variants");
  }
}

/**
 * The columns of a product as wanted: with `current` undefined a new one; with `replace` what is unset falls back to
 * its default, but for the slug, as links must not break. A new product's slug is made from its name.
 */
export function planProduct(input: ProductInput, current: ProductFields | undefined, replace: boolean): ProductFields {
  const base = current && !replace ? current : undefined;
  const name = given(input.name ?? base?.name, "/name");
  const fields = {
    name,
    slug: input.slug ?? current?.slug ?? slugOf(name, "product"),
    description: input.description ?? base?.description ?? "",
    status: statusOf(input.status ?? base?.status ?? "active"),
    attributes: input.attributes ?? base?.attributes ?? {},
    images: input.images ?? base?.images ?? [],
  };
  checkSlug(fields.slug);
  checkName(name);
  if (fields.description.length > 20_000) {
    throw invalid("too_long", "A description has at most 20,000 characters.", "/description");
  }
  if (fields.images.length > MAX_IMAGES) {
    throw invalid("too_many_images", `A product has at most ${MAX_IMAGES} images.`, "/images");
  }
  if (new TextEncoder().encode(JSON.stringify(fields.attributes)).length > MAX_ATTRIBUTES) {
    throw invalid("too_large", "Attributes have at most 8 KiB.", "/attributes");
  }
  return fields;
}

/** Refuses a name that is empty or too long. */
export function checkName(name: string): void {
  if (name.length < 1 || name.length > 200) throw invalid("invalid_name", "A name has 1 to 200 characters.", "/name");
}

/** Whether a text is a slug: words of lower-case letters and digits, joined by hyphens, that do not look like an id. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && text.length <= 200 && !isId(text);
}

/** Refuses what is no slug. */
export function checkSlug(slug: string): void {
  if (!isSlug(slug)) {
    throw invalid("invalid_slug", "A slug has lower-case letters and digits, in words joined by hyphens.", "/slug");
  }
}

/** A slug of a name: "Café Crème" is cafe-creme; a name without any Latin letter or digit gives a random one. */
export function slugOf(name: string, kind: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss");
  const slug = plain.replace(/['’]/g, "").replace(/[^a-z0-9]+/g, "-").slice(0, 80).replace(/^-+|-+$/g, "");
  return slug && !isId(slug) ? slug : `${kind}-${crypto.randomUUID().slice(0, 8)}`;
}

function statusOf(status: string): Status {
  const found = STATUSES.find((known) => known === status);
  if (!found) throw invalid("invalid_status", `A status is one of ${STATUSES.join(", ")}.`, "/status");
  return found;
}

/** The refusal of a change that was made from an older version. */
export function versionConflict(current: number): Error {
  return conflict("version_conflict", "The product has changed since that version.", { version: current });
}
