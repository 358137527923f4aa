import type { ImportedProduct, ImportResult } from "../../proto/gen/nano/product/v1/product.ts";
import { conflict, NanoError } from "../shared/errors.ts";
import { emitEvents } from "../shared/jobs.ts";
import { transaction, type Tx } from "../shared/postgres.ts";
import { moveStock } from "./adjust_stock.ts";
import { eventData } from "./create_product.ts";
import type { Deps } from "./deps.ts";
import { type ImportPlan, planChange, planCreate, slugFor, type Surroundings } from "./plan_import.ts";
import type { ChangedProduct, Repository } from "./repository.ts";

/** Takes back what was tried, and carries the results out of the transaction. */
class Undo extends Error {
  constructor(readonly results: ImportResult[]) {
    super("a dry run");
  }
}

/**
 * Creates products or changes them to what a table says, each as a whole or not at all. What the table leaves out
 * stays. A dry run does the same and takes it back, so that it refuses what the real one would.
 */
export async function importProducts(
  { pool, repository }: Pick<Deps, "pool" | "repository">,
  store_id: string,
  given: readonly ImportedProduct[],
  dry_run: boolean,
): Promise<ImportResult[]> {
  try {
    return await transaction(pool, async (tx) => {
      const results = await writeAllBut(tx, repository, store_id, given);
      if (dry_run) throw new Undo(results);
      return results;
    });
  } catch (error) {
    if (error instanceof Undo) return error.results;
    throw error;
  }
}

/** Writes all by a few statements; where the database refuses one of them, it is looked for by halves. */
async function writeAllBut(
  tx: Tx,
  repository: Repository,
  store_id: string,
  given: readonly ImportedProduct[],
): Promise<ImportResult[]> {
  const [first] = given;
  if (!first) return [];
  if (!isTwice(given)) {
    await tx.query({ text: "savepoint import" });
    try {
      const results = await writeTogether(tx, repository, store_id, given);
      await tx.query({ text: "release savepoint import" });
      return results;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await tx.query({ text: "rollback to savepoint import; release savepoint import" });
      if (given.length === 1) return [refused(first, error)];
    }
  }
  const half = Math.ceil(given.length / 2);
  return [
    ...await writeAllBut(tx, repository, store_id, given.slice(0, half)),
    ...await writeAllBut(tx, repository, store_id, given.slice(half)),
  ];
}

/** Writes all whose plan can be made; throws where the database refuses one of them. */
async function writeTogether(
  tx: Tx,
  repository: Repository,
  store_id: string,
  given: readonly ImportedProduct[],
): Promise<ImportResult[]> {
  const slugs = given.flatMap((one) => orRefused(one, () => slugFor(one)).value ?? []);
  const named = new Set(given.flatMap(({ category }) => category ? [category] : []));
  const known = await repository.imports.known(tx, store_id, slugs);
  const around: Surroundings = {
    store_id,
    categories: await repository.imports.categoriesNamed(tx, store_id, [...named]),
  };
  const answers = given.map((one) =>
    orRefused(one, () => {
      const slug = slugFor(one);
      const current = known.get(slug);
      return current ? planChange(one, current, around) : planCreate(one, slug, around);
    })
  );
  await write(tx, repository, store_id, answers.flatMap(({ value }) => value ?? []));
  return answers.map(({ value, result }) => value?.result ?? result);
}

async function write(tx: Tx, repository: Repository, store_id: string, plans: readonly ImportPlan[]): Promise<void> {
  const created = plans.flatMap(({ created }) => created ?? []);
  const updated = plans.flatMap(({ updated }) => updated ?? []);
  const moves = plans.flatMap(({ moves }) => moves);
  if (created.length > 0) await repository.insert(tx, created);
  const changed = updated.length > 0 ? await repository.update(tx, updated) : [];
  await repository.writeVariants(tx, plans.flatMap(({ variants }) => variants ?? []));
  const moved = moves.length > 0 ? await moveStock(tx, repository, store_id, moves, "import") : [];
  if (moved.length < moves.length) throw conflict("below_reserved", "Some of this stock is reserved by orders.");

  const tell = (type: string, products: readonly Omit<ChangedProduct, "store_id">[]) =>
    emitEvents(tx, "product", type, store_id, products.map(eventData));
  const archived = new Set(
    plans.flatMap(({ updated, result }) =>
      updated?.status === "archived" && result.changes.some(({ field }) => field === "status") ? [updated.id] : []
    ),
  );
  await tell("product.created", created.map((product) => ({ ...product, version: 1 })));
  await tell("product.updated", changed.filter(({ id }) => !archived.has(id)));
  await tell("product.archived", changed.filter(({ id }) => archived.has(id)));
}

/** Whether two of them are one and the same product, which is then written twice, one after the other. */
function isTwice(given: readonly ImportedProduct[]): boolean {
  const slugs = given.flatMap((one) => orRefused(one, () => slugFor(one)).value ?? []);
  return new Set(slugs).size < slugs.length;
}

/** What a plan gives, or why the product is refused. */
function orRefused<T>(given: ImportedProduct, plan: () => T) {
  try {
    return { value: plan(), result: refused(given) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { value: undefined, result: refused(given, error) };
  }
}

function isRefusal(error: unknown): error is NanoError {
  return error instanceof NanoError && ["invalid", "conflict", "not_found"].includes(error.kind);
}

function refused(given: ImportedProduct, error?: NanoError): ImportResult {
  const { code = "", message = "" } = error ?? {};
  const slug = given.slug ?? "";
  return { line: lineOf(given, error), slug, outcome: "refused", changes: [], code, message };
}

/** The line at fault: a variant's where the error points at one, else the product's first. */
function lineOf(given: ImportedProduct, error?: NanoError): number {
  const index = /^\/variants\/(\d+)/.exec(error?.extras.errors?.[0]?.pointer ?? "")?.[1];
  return (index === undefined ? undefined : given.variants[Number(index)]?.line) ?? given.line;
}
