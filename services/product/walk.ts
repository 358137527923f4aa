import { isId } from "../shared/ids.ts";
import type { Bind } from "../shared/parts.ts";
import type { Status } from "./product.ts";

/**
 * The orders that a list may have: the column and direction of the index that is walked along, and the SQL type of the
 * key. `relevance`, that of a search that asks for none, walks along the newest to look at them first.
 */
export const SORTS = {
  "name": { column: "sort_name", direction: "asc", type: "text" },
  "price": { column: "price", direction: "asc", type: "bigint" },
  "-price": { column: "price", direction: "desc", type: "bigint" },
  "-create_time": { column: "create_time", direction: "desc", type: "timestamptz" },
  "relevance": { column: "create_time", direction: "desc", type: "integer" },
} as const;

export type Sort = keyof typeof SORTS;

/** Which products are listed, and in which order. */
export interface ListQuery {
  store_id: string;
  /** Those that the actor may see and asks for. */
  statuses: readonly Status[];
  q?: string | undefined;
  /** Whether the search also finds what misspelt words may have meant. */
  forgiving?: boolean | undefined;
  /** A category's id or slug; its descendants count too. */
  category?: string | undefined;
  min_price?: number | undefined;
  max_price?: number | undefined;
  in_stock?: boolean | undefined;
  sort: Sort;
  limit: number;
  /** The place of the last row of the page before. */
  after?: { key: string | number; id: string } | undefined;
}

/** The page sizes, and one row more, for which a statement is kept prepared or at least alike. */
export const FETCHES = [21, 51, 101];

/**
 * How many rows a list's statement reads: a literal, for a plan of an unknown limit would not walk along an index, and
 * would be made anew each time.
 */
export function fetchOf({ limit }: ListQuery): number {
  return FETCHES.find((fetch) => fetch > limit) ?? limit + 1;
}

/**
 * The first `most` of a list. Each branch is a walk along one index, broken off there: one branch for each status and for
 * in and out of stock, and within it one for each category. Their rows, a few pages at most, are merged; `more` are
 * columns of theirs.
 */
export function walk(
  query: ListQuery,
  conditions: readonly string[],
  store: string,
  most: number,
  ...more: readonly string[]
): string {
  const { column, direction } = SORTS[query.sort];
  const order = `${column} ${direction}, id ${direction}`;
  const branches: string[] = [];
  for (const status of query.statuses) {
    for (const in_stock of query.in_stock === undefined ? [true, false] : [query.in_stock]) {
      const half = [`p.status = '${status}'`, `p.in_stock = ${in_stock}`, ...conditions].join(" and ");
      const along = (root: string) =>
        `(select ${
          [`p.id, p.${column}`, ...more].join(", ")
        } from products p where ${root} and ${half} order by ${order} limit ${most})`;
      branches.push(
        query.category === undefined
          ? along(`p.store_id = ${store}`)
          : `(select w.* from tree cross join lateral ${along("p.category_id = tree.id")} w)`,
      );
    }
  }
  return `select * from (${branches.join(" union all ")}) merged order by ${order}`;
}

/** The conditions of a price range. */
export function priceRange({ min_price, max_price }: Pick<ListQuery, "min_price" | "max_price">, bind: Bind): string[] {
  return [
    ...(min_price === undefined ? [] : [`p.price >= ${bind(min_price)}::bigint`]),
    ...(max_price === undefined ? [] : [`p.price <= ${bind(max_price)}::bigint`]),
  ];
}

/** A category and all below it, as the common table `tree`. */
export function categoryTree(id_or_slug: string, store: string, bind: Bind): string {
  const [id, slug] = isId(id_or_slug) ? [id_or_slug, null] : [null, id_or_slug];
  return `tree (id) as (
      select id from categories where store_id = ${store} and (id = ${bind(id)}::uuid or slug = ${bind(slug)}::text)
      union all
      select below.id from categories below join tree on below.parent_id = tree.id
    )`;
}
