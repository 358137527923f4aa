import { notFound } from "../shared/errors.ts";
import { emitEvent } from "../shared/jobs.ts";
import { transaction } from "../shared/postgres.ts";
import { eventData } from "./create_product.ts";
import type { Deps } from "./deps.ts";

/** Erases a product, or archives it if it was ever ordered. Either way it is gone from the shop: `product.archived`. */
export async function deleteProduct(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  id: string,
): Promise<void> {
  await transaction(pool, async (tx) => {
    const current = await repository.lock(tx, id);
    if (!current) throw notFound("product");
    const erased = await repository.erase(tx, id);
    const archived = !erased && await repository.archive(tx, id);
    if (!erased && !archived) return;
    const version = current.version + 1;
    await emitEvent(tx, "product", "product.archived", current.store_id, {
      ...eventData({ ...current, version, status: "archived" }),
      erased,
    });
  });
}
