import type {
  ImportChange,
  ImportedProduct,
  ImportedVariant,
  ImportResult,
} from "../../proto/gen/nano/product/v1/product.ts";
import { invalid } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { money, toDecimal } from "../shared/money.ts";
import { planNew } from "./create_product.ts";
import type { KnownProduct, NamedCategory } from "./import_repository.ts";
import { type ExistingVariant, planProduct, planVariants, slugOf, type VariantInput } from "./product.ts";
import type { NewProduct, PlannedVariants, ProductUpdate } from "./repository.ts";

const MAX_OPTIONS = 20;

/** What has to be written so that a product is as a table says. */
export interface ImportPlan {
  result: ImportResult;
  created?: NewProduct;
  updated?: ProductUpdate;
  variants?: PlannedVariants;
  /** Stock by which it differs. */
  moves: { variant_id: string; delta: number }[];
}

/** What an import needs to know of the store. */
export interface Surroundings {
  store_id: string;
  categories: ReadonlyMap<string, NamedCategory>;
}

/** The slug given, or made of the name, as long as the same name always makes the same one. */
export function slugFor({ slug, name }: ImportedProduct): string {
  if (slug) return slug;
  if (!name) throw invalid("required", "A line needs a slug or a name.", "/slug");
  if (!/[a-z0-9ß]/i.test(name.normalize("NFKD"))) {
    throw invalid("slug_required", "No slug can be made of this name: give one.", "/slug");
  }
  return slugOf(name, "product");
}

/** Plans a product that is not there yet. */
export function planCreate(given: ImportedProduct, slug: string, around: Surroundings): ImportPlan {
  const { name, description, status, line } = given;
  const category_id = given.category ? categoryFor(around, given.category)?.id ?? null : null;
  if (!name) throw invalid("required", "A new product needs a name.", "/name");
  given.variants.forEach((variant, index) => {
    checkPrice(variant, index);
    checkOptions(variant, index);
  });
  const variants = given.variants.map(({ sku, price, stock, options }) => ({
    sku,
    price,
    stock,
    options,
    name: nameOf(options),
  }));
  const { fields, plan, currency } = planNew({ name, slug, description, status, variants });
  const product = { id: newId(), store_id: around.store_id, currency };
  const changes = [{ line, field: "slug", from: "", to: slug }];
  return {
    result: { line, slug, outcome: "created", changes, code: "", message: "", product_id: product.id },
    created: { ...fields, ...product, category_id, slug_made: false },
    variants: { product, plan },
    moves: [],
  };
}

/** Plans the changes of a product that is there; what the table leaves out stays. */
export function planChange(given: ImportedProduct, current: KnownProduct, around: Surroundings): ImportPlan {
  const { line } = given;
  const { id, slug } = current;
  const changes: ImportChange[] = [];
  const differs = (field: "name" | "description" | "status"): string | undefined => {
    const to = given[field];
    if (to === undefined || to === current[field].trim()) return undefined;
    changes.push({ line, field, from: current[field], to });
    return to;
  };
  const input = { name: differs("name"), description: differs("description"), status: differs("status") };
  const category_id = categoryChange(given, current, around, changes);
  const { variants, moves } = variantChanges(given, current, changes);

  const result = { line, slug, changes, code: "", message: "", product_id: id };
  if (changes.length === 0) return { result: { ...result, outcome: "unchanged" }, moves };
  const plan: ImportPlan = { result: { ...result, outcome: "updated" }, moves };
  if (changes.every(({ field }) => field === "stock")) return plan;
  plan.updated = { ...planProduct(input, current, false), id, category_id };
  plan.variants = { product: current, plan: planVariants(current.variants, variants, false, current.currency) };
  return plan;
}

function variantChanges({ variants: wanted }: ImportedProduct, current: KnownProduct, changes: ImportChange[]) {
  const variants: VariantInput[] = [];
  const moves: ImportPlan["moves"] = [];
  for (const [index, { line, sku, price, stock, options }] of wanted.entries()) {
    if (wanted.findIndex((other) => other.sku === sku) !== index) {
      throw invalid("duplicate_variant", "This SKU is there twice.", `/variants/${index}/sku`);
    }
    const note = (field: string, from: string, to: string) => changes.push({ line, sku, field, from, to });
    const found = bySku(current.variants, sku);
    if (!found) {
      checkPrice({ price }, index);
      checkOptions({ options }, index);
      note("sku", "", sku);
      variants.push({ sku, price, stock: stock ?? 0, options, name: nameOf(options) });
      continue;
    }
    const change = variantChange(found, { price, options }, current.currency, note);
    if (change?.options) checkOptions({ options: change.options }, index);
    if (change) variants.push(change);
    if (stock !== undefined && stock !== found.on_hand) {
      note("stock", String(found.on_hand), String(stock));
      moves.push({ variant_id: found.id, delta: stock - found.on_hand });
    }
  }
  return { variants, moves };
}

/** The variant of a SKU, one on sale first. A table has lost the white space around it. */
function bySku<V extends ExistingVariant>(variants: readonly V[], sku: string): V | undefined {
  const same = variants.filter((variant) => variant.sku.trim() === sku);
  return same.find((variant) => !variant.archived && variant.sku === sku) ??
    same.find((variant) => !variant.archived) ?? same[0];
}

/** Refuses a new variant without a price, and tells which of those given it is. */
function checkPrice({ price }: Pick<ImportedVariant, "price">, index: number): void {
  if (!price) throw invalid("required", "A new variant needs a price.", `/variants/${index}/price`);
}

function checkOptions({ options }: Pick<ImportedVariant, "options">, index: number): void {
  if (Object.keys(options).length <= MAX_OPTIONS) return;
  throw invalid("too_many", `A variant has at most ${MAX_OPTIONS} options.`, `/variants/${index}/options`);
}

/** What has to be sent of a variant that differs; undefined if it does not. */
function variantChange(
  found: ExistingVariant,
  wanted: Pick<ImportedVariant, "price" | "options">,
  currency: string,
  note: (field: string, from: string, to: string) => void,
): VariantInput | undefined {
  const change: VariantInput = { id: found.id };
  if (wanted.price && (wanted.price.amount !== found.price || wanted.price.currency !== currency)) {
    note("price", toDecimal(money(found.price, currency)), toDecimal(wanted.price));
    change.price = wanted.price;
  }
  const options = { ...found.options };
  for (const [named, value] of Object.entries(wanted.options)) {
    const name = Object.keys(options).find((known) => known.trim() === named) ?? named;
    const from = Object.hasOwn(options, name) ? options[name] ?? "" : "";
    if (from.trim() === value) continue;
    note(`option:${name}`, from, value);
    if (value === "") delete options[name];
    else options[name] = value;
    change.options = options;
    change.name = nameOf(options);
  }
  if (found.archived) note("sku", "", found.sku);
  return found.archived || Object.keys(change).length > 1 ? change : undefined;
}

function categoryChange(
  { category, line }: ImportedProduct,
  current: KnownProduct,
  around: Surroundings,
  changes: ImportChange[],
): string | null {
  if (!category) return current.category_id;
  const to = categoryFor(around, category);
  if ((to?.id ?? null) === current.category_id) return current.category_id;
  changes.push({ line, field: "category", from: current.category_slug ?? "", to: to?.slug ?? "" });
  return to?.id ?? null;
}

/** The category that a table means; undefined for none, which is "-". Throws `category_not_found`. */
function categoryFor({ categories }: Surroundings, named: string): NamedCategory | undefined {
  if (named === "-") return undefined;
  const found = categories.get(named);
  if (!found) throw invalid("category_not_found", `The store has no category ${named}.`, "/category");
  return found;
}

/** The name of a variant: its options' values. */
function nameOf(options: Record<string, string>): string {
  return Object.values(options).filter((value) => value !== "").join(" / ").slice(0, 200);
}
