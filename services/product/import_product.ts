import type { ImportChange, ImportedProduct, ImportResult } from "../../proto/gen/nano/product/v1/product.ts";
import { conflict, invalid, NanoError, notFound } from "../shared/errors.ts";
import { money, toDecimal } from "../shared/money.ts";
import { type Pool, transaction, type Tx } from "../shared/postgres.ts";
import { moveStock } from "./adjust_stock.ts";
import { insertProduct } from "./create_product.ts";
import { type ExistingVariant, slugOf, type VariantInput } from "./product.ts";
import type { Repository } from "./repository.ts";
import { applyChange } from "./update_product.ts";

/** An import of one product: what it is made of and with. */
interface Import {
  repository: Repository;
  store_id: string;
  given: ImportedProduct;
}

/** Takes back what was tried, and carries the result out of the transaction. */
class Undo extends Error {
  constructor(readonly result: ImportResult) {
    super("a dry run");
  }
}

/**
 * Creates a product or changes it to what a table says, all of it or nothing. What the table leaves out stays. A dry
 * run does the same and takes it back, so that it refuses exactly what the real one would.
 */
export async function importProduct(
  { pool, repository }: { pool: Pool; repository: Repository },
  store_id: string,
  given: ImportedProduct,
  dry_run: boolean,
): Promise<ImportResult> {
  const task: Import = { repository, store_id, given };
  let slug = given.slug ?? "";
  try {
    slug = slugFor(given);
    return await transaction(pool, async (tx) => {
      const id = await repository.idBySlug(tx, store_id, slug);
      const result = id === undefined ? await create(tx, task, slug) : await change(tx, task, slug, id);
      if (dry_run) throw new Undo(result);
      return result;
    });
  } catch (error) {
    if (error instanceof Undo) return error.result;
    if (!(error instanceof NanoError) || !["invalid", "conflict", "not_found"].includes(error.kind)) throw error;
    const { code, message } = error;
    return { line: lineOf(error, given), slug, outcome: "refused", changes: [], code, message };
  }
}

/** The slug given, or made of the name, as long as the same name always makes the same one. */
function slugFor({ slug, name }: ImportedProduct): string {
  if (slug) return slug;
  if (!name) throw invalid("required", "A line needs a slug or a name.", "/slug");
  if (!/[a-z0-9ß]/i.test(name.normalize("NFKD"))) {
    throw invalid("slug_required", "No slug can be made of this name: give one.", "/slug");
  }
  return slugOf(name, "product");
}

async function create(tx: Tx, { repository, store_id, given }: Import, slug: string): Promise<ImportResult> {
  const { name, description, status, variants, line } = given;
  const category = given.category ? (await categoryFor(tx, repository, store_id, given.category))?.id : undefined;
  const product = await insertProduct(tx, repository, store_id, {
    name,
    slug,
    description,
    status,
    category,
    variants: variants.map(({ sku, price, stock, options }) => ({
      sku,
      price,
      stock,
      options,
      name: nameOf(options),
    })),
  });
  const changes = [{ line, field: "slug", from: "", to: slug }];
  return { line, slug, outcome: "created", changes, code: "", message: "", product_id: product.id };
}

async function change(tx: Tx, task: Import, slug: string, id: string): Promise<ImportResult> {
  const { repository, store_id, given } = task;
  const { line } = given;
  const current = await repository.lock(tx, id);
  if (!current) throw notFound("product");
  const on_hand = await repository.stock.onHand(tx, id);
  const changes: ImportChange[] = [];
  const differs = (field: "name" | "description" | "status"): string | undefined => {
    const to = given[field];
    if (to === undefined || to === current[field]) return undefined;
    changes.push({ line, field, from: current[field], to });
    return to;
  };
  const input = {
    name: differs("name"),
    description: differs("description"),
    status: differs("status"),
    category: await categoryChange(tx, task, current.category_id, changes),
  };
  const variants: VariantInput[] = [];
  const moves: { variant_id: string; delta: number }[] = [];
  for (const [index, wanted] of given.variants.entries()) {
    const found = current.variants.find((v) => v.sku === wanted.sku && !v.archived) ??
      current.variants.find((v) => v.sku === wanted.sku);
    const note = (field: string, from: string, to: string) =>
      changes.push({ line: wanted.line, sku: wanted.sku, field, from, to });
    if (given.variants.findIndex((other) => other.sku === wanted.sku) !== index) {
      throw invalid("duplicate_variant", "This SKU is there twice.", `/variants/${index}/sku`);
    }
    if (!found) {
      note("sku", "", wanted.sku);
      const { sku, price, stock = 0, options } = wanted;
      variants.push({ sku, price, stock, options, name: nameOf(options) });
      continue;
    }
    const change = variantChange(found, wanted, current.currency, note);
    if (change) variants.push(change);
    const shelf = on_hand.get(found.id) ?? 0;
    if (wanted.stock !== undefined && wanted.stock !== shelf) {
      note("stock", String(shelf), String(wanted.stock));
      moves.push({ variant_id: found.id, delta: wanted.stock - shelf });
    }
  }
  const version = current.version;
  if (variants.length > 0 || Object.values(input).some((value) => value !== undefined)) {
    await applyChange(tx, repository, { id, input: { ...input, variants }, version, replace: false });
  }
  for (const { variant_id, delta } of moves) {
    const moved = await moveStock(tx, repository, { variant_id, store_id, delta, reason: "import" });
    if (!moved) throw conflict("below_reserved", "Some of this stock is reserved by orders.");
  }
  const outcome = changes.length > 0 ? "updated" : "unchanged";
  return { line, slug, outcome, changes, code: "", message: "", product_id: id };
}

/** What has to be sent of a variant that differs; undefined if it does not. */
function variantChange(
  found: ExistingVariant,
  wanted: ImportedProduct["variants"][number],
  currency: string,
  note: (field: string, from: string, to: string) => void,
): VariantInput | undefined {
  const change: VariantInput = { id: found.id };
  if (wanted.price && (wanted.price.amount !== found.price || wanted.price.currency !== currency)) {
    note("price", toDecimal(money(found.price, currency)), toDecimal(wanted.price));
    change.price = wanted.price;
  }
  const options = { ...found.options };
  for (const [name, value] of Object.entries(wanted.options)) {
    if ((options[name] ?? "") === value) continue;
    note(`option:${name}`, options[name] ?? "", value);
    if (value === "") delete options[name];
    else options[name] = value;
    change.options = options;
    change.name = nameOf(options);
  }
  if (found.archived) note("sku", "", wanted.sku);
  return found.archived || Object.keys(change).length > 1 ? change : undefined;
}

async function categoryChange(
  tx: Tx,
  { repository, store_id, given }: Import,
  current_id: string | null,
  changes: ImportChange[],
): Promise<string | undefined> {
  if (!given.category) return undefined;
  const to = await categoryFor(tx, repository, store_id, given.category);
  if ((to?.id ?? null) === current_id) return undefined;
  const from = current_id ? (await repository.categoryNamed(tx, store_id, current_id))?.slug : "";
  changes.push({ line: given.line, field: "category", from: from ?? "", to: to?.slug ?? "" });
  return to?.id ?? "";
}

/** The category that a table means; undefined for none, which is "-". Throws `category_not_found`. */
async function categoryFor(tx: Tx, repository: Repository, store_id: string, named: string) {
  if (named === "-") return undefined;
  const found = await repository.categoryNamed(tx, store_id, named);
  if (!found) throw invalid("category_not_found", `The store has no category ${named}.`, "/category");
  return found;
}

/** The name of a variant: its options' values. */
function nameOf(options: Record<string, string>): string {
  return Object.values(options).filter((value) => value !== "").join(" / ").slice(0, 200);
}

/** The line at fault: a variant's where the error points at one, else the product's first. */
function lineOf(error: NanoError, given: ImportedProduct): number {
  const index = /^\/variants\/(\d+)/.exec(error.extras.errors?.[0]?.pointer ?? "")?.[1];
  return (index === undefined ? undefined : given.variants[Number(index)]?.line) ?? given.line;
}
