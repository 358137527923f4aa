import { invalid, NanoError } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { emitEvent } from "../shared/jobs.ts";
import { isCurrency } from "../shared/money.ts";
import { transaction } from "../shared/postgres.ts";
import { addCopyJobs } from "./copy_jobs.ts";
import type { Deps } from "./deps.ts";
import {
  planProduct,
  planVariants,
  type Product,
  type ProductFields,
  type ProductInput,
  type VariantPlan,
} from "./product.ts";

/** Creates a product with its variants and their first stock. Its currency is that of the prices. */
export async function createProduct(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  store_id: string,
  input: ProductInput,
): Promise<Product> {
  const { fields, plan, currency } = planNew(input);
  const id = newId();
  return await givingWay(input.slug, () =>
    transaction(pool, async (tx) => {
      const category_id = input.category ? await repository.categoryId(tx, store_id, input.category) : null;
      const written = { ...fields, id, store_id, category_id, currency, slug_made: input.slug === undefined };
      await repository.insert(tx, [written]);
      await repository.writeVariants(tx, [{ product: { id, store_id, currency }, plan }]);
      await addCopyJobs(tx, id, store_id, fields.images);
      const product = await repository.getById(id, tx);
      if (!product) throw new Error(`Cannot read product ${id} though it was just written.`);
      await emitEvent(tx, "product", "product.created", store_id, eventData(product));
      return product;
    }));
}

/** Writes once more where a slug that nobody gave was taken at the same moment: it gives way to one that is there. */
export async function givingWay<T>(given: string | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (given !== undefined || !(error instanceof NanoError) || error.code !== "slug_taken") throw error;
    return await write();
  }
}

/** The columns of a product that is to be, and of its variants. Throws where something is missing or wrong. */
export function planNew(input: ProductInput): { fields: ProductFields; plan: VariantPlan; currency: string } {
  const variants = input.variants ?? [];
  const currency = variants[0]?.price?.currency ?? "";
  if (variants[0]?.price && !isCurrency(currency)) {
    throw invalid("invalid_currency", "There is no such currency.", "/variants/0/price/currency");
  }
  const fields = planProduct(input, undefined, true);
  return { fields, plan: planVariants([], variants.map(({ id: _, ...variant }) => variant), true, currency), currency };
}

/** What merchants are told of a product. */
export function eventData(
  { id, slug, name, status, version }: Pick<Product, "id" | "slug" | "name" | "status" | "version">,
) {
  return { id, slug, name, status, version };
}
