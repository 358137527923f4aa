import type { Sql } from "../shared/postgres.ts";
import type { ListedProduct } from "./listing.ts";
import type { Repository } from "./repository.ts";
import type { ListQuery } from "./walk.ts";

/** A search that finds fewer than so many is tried again as if a word were misspelt. */
const FEW = 5;

/** A page of products, and how it was found. */
export interface Listed {
  products: ListedProduct[];
  /** Whether another page follows. */
  more: boolean;
  /** Whether it was also searched for what misspelt words may have meant. */
  forgiving: boolean;
  /** How many match, where that was asked for. */
  total: number | undefined;
}

/** Lists a page. A search that finds few forgives typing errors; its cursor keeps that, so that all pages are of one list. */
export async function listProducts(
  { list, count }: Pick<Repository, "list" | "count">,
  query: ListQuery,
  sql: Sql | undefined,
  counted: boolean,
): Promise<Listed> {
  const read = async (query: ListQuery): Promise<Listed> => {
    const [page, total] = await Promise.all([list(query, sql), counted ? count(query) : undefined]);
    return { ...page, forgiving: query.forgiving ?? false, total };
  };
  const found = await read(query);
  const few = found.products.length < FEW && !found.more;
  if (query.q === undefined || query.after || !few) return found;
  const forgiven = await read({ ...query, forgiving: true });
  return forgiven.more || forgiven.products.length > found.products.length ? forgiven : found;
}
