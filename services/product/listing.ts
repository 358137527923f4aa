import { invalid } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { decodeCursor, encodeCursor } from "../shared/pagination.ts";
import type { Product, Status } from "./product.ts";

/** The orders that a list may have: the column, its direction and its SQL type. */
const SORTS = {
  "name": { column: "sort_name", direction: "asc", type: "text" },
  "price": { column: "price", direction: "asc", type: "bigint" },
  "-price": { column: "price", direction: "desc", type: "bigint" },
  "-create_time": { column: "create_time", direction: "desc", type: "timestamptz" },
} as const;

export type Sort = keyof typeof SORTS;

/** Which products are listed, and in which order. */
export interface ListQuery {
  store_id: string;
  /** Those that the actor may see and asks for. */
  statuses: readonly Status[];
  q?: string | undefined;
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

/** A statement; with a name it is prepared. */
export interface Statement {
  name?: string;
  text: string;
  values: unknown[];
}

/** A product and the key by which the list sorts it. */
export interface ListedProduct extends Product {
  sort_name: string;
}

/** The columns of a product `p` joined with its category `c`; its variants on sale come as the text of a JSON array. */
export const PRODUCT_COLUMNS = `p.id, p.store_id, p.slug, p.name, p.description, p.status, p.category_id,
  c.slug as category_slug, c.name as category_name, p.attributes, p.images, p.currency, p.price, p.sort_name,
  (select coalesce(json_agg(json_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'options', v.options,
      'price', v.price, 'available', v.on_hand - v.reserved) order by v.position, v.id), '[]')::text
    from variants v where v.product_id = p.id and not v.archived) as variants,
  p.create_time, p.update_time, p.version`;

/** The page sizes, and one row more, for which a statement is kept prepared or at least alike. */
const FETCHES = [21, 51, 101];

/** A search first looks at so many products in the order of the list: a common word fills a page from these. */
const LOOKED_AT = 500;

/** Fewer where more is walked past for each: products of another price, or a walk for each category. */
const LOOKED_AT_FILTERED = 200;

/** Where that is not a page, the words' index gives at most so many. */
const MAX_HITS = 1_000;

/**
 * The one statement of a list. Each branch is a walk along one index, broken off after a page: one branch for each
 * status and for in and out of stock, and within it one for each category. Their rows, a few pages at most, are merged,
 * so the cost does not grow with the catalogue. A search looks at the first few hundred of that walk; only where these neither
 * fill a page nor are all, the word is rare enough there to ask the index of words, for at most 1,000 hits. Only for a
 * price range in another order the values decide which index is better, so those statements are planned each time and
 * not kept.
 */
export function listStatement(given: ListQuery): Statement {
  const query = tightened(given);
  const { column, direction, type } = SORTS[query.sort];
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  // A literal, for a plan of an unknown limit would not walk along an index.
  const fetch = FETCHES.find((fetch) => fetch > query.limit) ?? query.limit + 1;
  const order = `${column} ${direction}, id ${direction}`;
  const store = value(query.store_id);

  const tables: string[] = [];
  const conditions = priceRange(query, value);
  if (query.after) {
    const [key, id] = [value(query.after.key), value(query.after.id)];
    conditions.push(`(p.${column}, p.id) ${direction === "asc" ? ">" : "<"} (${key}::${type}, ${id}::uuid)`);
  }
  if (query.category !== undefined) tables.push(categoryTree(query.category, store, value));

  const branches: string[] = [];
  const ranged = query.min_price !== undefined || query.max_price !== undefined;
  const filtered = query.category !== undefined || (ranged && column !== "price");
  const looked_at = filtered ? LOOKED_AT_FILTERED : LOOKED_AT;
  const most = query.q === undefined ? fetch : looked_at;
  for (const status of query.statuses) {
    for (const in_stock of query.in_stock === undefined ? [true, false] : [query.in_stock]) {
      const half = [`p.status = '${status}'`, `p.in_stock = ${in_stock}`, ...conditions].join(" and ");
      const walk = (root: string) =>
        `(select p.id, p.${column} from products p where ${root} and ${half} order by ${order} limit ${most})`;
      branches.push(
        query.category === undefined
          ? walk(`p.store_id = ${store}`)
          : `(select w.* from tree cross join lateral ${walk("p.category_id = tree.id")} w)`,
      );
    }
  }
  const page = value(query.limit + 1);
  const walked = `select id, ${column} from (${branches.join(" union all ")}) merged order by ${order}`;
  if (query.q === undefined) tables.push(`page as (${walked} limit ${page})`);
  else {
    const q = value(query.q);
    const within = query.category === undefined ? "null" : "array(select id from tree)";
    const hits = `search_in_list(${store}, ${q}, array[${query.statuses.map((status) => `'${status}'`).join(", ")}], ${
      query.in_stock ?? "null"
    }, ${within}, ${value(query.min_price ?? null)}, ${value(query.max_price ?? null)}, ${MAX_HITS})`;
    tables.push(
      `walked as materialized (${walked} limit ${looked_at})`,
      // A subquery, so that each is looked up by its id.
      `met as materialized (select w.id, w.${column} from walked w
        where (select p.search @@ search_query(${q}) from products p where p.id = w.id) is true
        order by w.${column} ${direction}, w.id ${direction} limit ${page})`,
      `hits as (select p.id, p.${column} from (select id, price, sort_name collate "C" as sort_name, create_time from ${hits}) p
        where (select count(*) from met) < ${page} and (select count(*) from walked) = ${looked_at}${
        query.after ? ` and ${conditions.at(-1)}` : ""
      })`,
      `page as (select id, ${column} from (select * from met union select * from hits) merged order by ${order} limit ${page})`,
    );
  }
  const text = `with recursive ${tables.join(", ")}
    select ${PRODUCT_COLUMNS}
    from page join products p on p.id = page.id left join categories c on c.id = p.category_id
    order by page.${column} ${direction}, page.id ${direction}`;
  const kept = fetch === FETCHES[0] && (!ranged || column === "price");
  return { ...(kept ? { name: nameOf(query) } : {}), text, values };
}

/**
 * The same query with one bound where a price range and a cursor in the order of prices give two: an index scan begins
 * at either, and should at the tighter one.
 */
function tightened(query: ListQuery): ListQuery {
  const { sort, min_price, max_price, after } = query;
  if (!after || typeof after.key !== "number") return query;
  const [bound, name] = sort === "price" ? [min_price, "min_price" as const] : [max_price, "max_price" as const];
  if (bound === undefined) return query;
  const reached = sort === "price" ? after.key >= bound : after.key <= bound;
  return { ...query, [reached ? name : "after"]: undefined };
}

/** How many products match. It reads all of them, so it is asked for apart. */
export function countStatement(query: Omit<ListQuery, "sort" | "limit" | "after">): Statement {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const store = value(query.store_id);
  const tables = query.category === undefined ? "" : `with recursive ${categoryTree(query.category, store, value)}`;
  const conditions = [
    `p.store_id = ${store}`,
    `p.status = any(${value(query.statuses)})`,
    ...priceRange(query, value),
    ...(query.q === undefined ? [] : [`p.search @@ search_query(${value(query.q)})`]),
    ...(query.in_stock === undefined ? [] : [`p.in_stock = ${query.in_stock}`]),
    ...(query.category === undefined ? [] : [IN_CATEGORIES]),
  ];
  return { text: `${tables} select count(*)::int as total from products p where ${conditions.join(" and ")}`, values };
}

const IN_CATEGORIES = "p.category_id = any(array(select id from tree))";

function priceRange(query: Pick<ListQuery, "min_price" | "max_price">, value: (given: unknown) => string): string[] {
  const found: string[] = [];
  if (query.min_price !== undefined) found.push(`p.price >= ${value(query.min_price)}::bigint`);
  if (query.max_price !== undefined) found.push(`p.price <= ${value(query.max_price)}::bigint`);
  return found;
}

/** A category and all below it, as the common table `tree`. */
function categoryTree(id_or_slug: string, store: string, value: (given: unknown) => string): string {
  const [id, slug] = isId(id_or_slug) ? [id_or_slug, null] : [null, id_or_slug];
  return `tree (id) as (
      select id from categories where store_id = ${store} and (id = ${value(id)}::uuid or slug = ${value(slug)}::text)
      union all
      select below.id from categories below join tree on below.parent_id = tree.id
    )`;
}

/** One name for one text. */
function nameOf({ sort, statuses, q, in_stock, category, min_price, max_price, after }: ListQuery): string {
  const parts = [
    sort,
    statuses.map((status) => status.slice(0, 2)).join("+"),
    q === undefined ? "" : "q",
    in_stock === undefined ? "" : in_stock ? "in" : "out",
    category === undefined ? "" : "cat",
    min_price === undefined ? "" : "min",
    max_price === undefined ? "" : "max",
    after ? "next" : "",
  ];
  return `product.list:${parts.join(":")}`;
}

/** The cursor that goes on after a product. */
export function cursorAfter(product: ListedProduct, sort: Sort): string {
  const { column } = SORTS[sort];
  const key = column === "create_time" ? product.create_time.toISOString() : product[column];
  return encodeCursor([sort, key, product.id]);
}

/** Reads a cursor of a list in the same order. Throws `invalid_cursor`. */
export function readCursor(cursor: string, sort: Sort): { key: string | number; id: string } {
  const [of, key, id] = decodeCursor(cursor, 3);
  const { type } = SORTS[sort];
  const fits = type === "bigint" ? Number.isSafeInteger(key) : typeof key === "string" && !key.includes("\0") &&
    (type === "text" || /^\d{4}-[\d:T.-]+Z$/.test(key) && !isNaN(Date.parse(key)));
  if (of !== sort || !fits || typeof id !== "string" || !isId(id)) {
    throw invalid("invalid_cursor", "The cursor is not one that this list gave in this order.", "/cursor");
  }
  return { key: key as string | number, id };
}

/** Reads the name of an order. */
export function readSort(sort: string | undefined): Sort {
  const wanted = sort ?? "-create_time";
  if (!Object.hasOwn(SORTS, wanted)) {
    throw invalid("invalid_sort", `A list sorts by ${Object.keys(SORTS).join(", ")}.`, "/sort");
  }
  return wanted as Sort;
}
