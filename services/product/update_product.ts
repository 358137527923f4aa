import { notFound } from "../shared/errors.ts";
import { emitEvent } from "../shared/jobs.ts";
import { transaction, type Tx } from "../shared/postgres.ts";
import { addCopyJobs } from "./copy_jobs.ts";
import { eventData } from "./create_product.ts";
import type { Deps } from "./deps.ts";
import { planProduct, planVariants, type Product, type ProductInput, versionConflict } from "./product.ts";
import type { Repository } from "./repository.ts";

/** What becomes of a product. */
export interface ProductChange {
  id: string;
  input: ProductInput;
  /** The version that the change was made from. */
  version: number;
  /** Whether what is unset falls back to its default (PUT) or stays (PATCH). */
  replace: boolean;
}

/** Changes a product and its variants, if it still is at the version that the change was made from. */
export async function updateProduct(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  change: ProductChange,
): Promise<Product> {
  return await transaction(pool, (tx) => applyChange(tx, repository, change));
}

async function applyChange(
  tx: Tx,
  repository: Repository,
  { id, input, version, replace }: ProductChange,
): Promise<Product> {
  const current = await repository.lock(tx, id);
  if (!current) throw notFound("product");
  if (current.version !== version) throw versionConflict(current.version);

  const fields = planProduct(input, current, replace);
  const { category } = input;
  const category_id = category
    ? await repository.categoryId(tx, current.store_id, category)
    : category === undefined && !replace
    ? current.category_id
    : null;
  const plan = planVariants(current.variants, input.variants ?? [], replace, current.currency);

  await repository.update(tx, [{ ...fields, id, category_id }]);
  await repository.writeVariants(tx, [{ product: current, plan }]);
  // Images that were not given are those whose copies were asked for before.
  if (input.images) await addCopyJobs(tx, id, current.store_id, fields.images);
  const product = await repository.getById(id, tx);
  if (!product) throw new Error(`Cannot read product ${id} though it was just written.`);
  const archived = product.status === "archived" && current.status !== "archived";
  await emitEvent(
    tx,
    "product",
    archived ? "product.archived" : "product.updated",
    product.store_id,
    eventData(product),
  );
  return product;
}
