import { invalid } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { decodeCursor, encodeCursor } from "../shared/pagination.ts";
import { type Bind, binding } from "../shared/parts.ts";
import type { Statement } from "../shared/postgres.ts";
import type { Product } from "./product.ts";
import { searchTables } from "./search.ts";
import { categoryTree, FETCHES, fetchOf, type ListQuery, priceRange, type Sort, SORTS, walk } from "./walk.ts";

/** A product and the key by which the list sorts it. */
export interface ListedProduct extends Product {
  sort_name: string;
  /** Of a search in the order of relevance. */
  score?: number;
}

/** The columns of a product `p` joined with its category `c`; its variants on sale come as the text of a JSON array. */
export const PRODUCT_COLUMNS = `p.id, p.store_id, p.slug, p.name, p.description, p.status, p.category_id,
  c.slug as category_slug, c.name as category_name, p.attributes, p.images, p.currency, p.price, p.sort_name,
  (select coalesce(json_agg(json_build_object('id', v.id, 'sku', v.sku, 'name', v.name, 'options', v.options,
      'price', v.price, 'available', v.on_hand - v.reserved) order by v.position, v.id), '[]')::text
    from variants v where v.product_id = p.id and not v.archived) as variants,
  p.create_time, p.update_time, p.version`;

/**
 * The one statement of a list: walks along indexes, broken off after a page and merged, so that the cost does not grow
 * with the catalogue; what a search adds is in search.ts. Only for a price range in another order the values decide
 * which index is better, so those statements are planned each time and not kept.
 */
export function listStatement(given: ListQuery): Statement {
  const query = tightened(given);
  const { column, direction, type } = SORTS[query.sort];
  const key = query.sort === "relevance" ? "score" : column;
  const { values, bind } = binding();
  const fetch = fetchOf(query);
  const store = bind(query.store_id);

  const range = priceRange(query, bind);
  const after = query.after
    ? [
      `(p.${key}, p.id) ${direction === "asc" ? ">" : "<"} (${bind(query.after.key)}::${type}, ${
        bind(query.after.id)
      }::uuid)`,
    ]
    : [];
  const page = String(fetch);
  const tables = [
    ...(query.category === undefined ? [] : [categoryTree(query.category, store, bind)]),
    ...(query.q === undefined
      ? [`page as (${walk(query, [...range, ...after], store, fetch)} limit ${page})`]
      : searchTables(query, { store, page, range, after }, bind)),
  ];
  const text = `with recursive ${tables.join(", ")}
    select ${PRODUCT_COLUMNS}${key === "score" ? ", page.score" : ""}
    from page join products p on p.id = page.id left join categories c on c.id = p.category_id
    order by page.${key} ${direction}, page.id ${direction}`;
  const kept = fetch === FETCHES[0] && (range.length === 0 || column === "price");
  return { ...(kept ? { name: nameOf(query) } : {}), text, values };
}

/**
 * The same query with one bound where a price range and a cursor in the order of prices give two: an index scan begins
 * at either, and should at the tighter one.
 */
function tightened(query: ListQuery): ListQuery {
  const { sort, min_price, max_price, after } = query;
  if (!after || typeof after.key !== "number" || SORTS[sort].column !== "price") return query;
  const [bound, name] = sort === "price" ? [min_price, "min_price" as const] : [max_price, "max_price" as const];
  if (bound === undefined) return query;
  const reached = sort === "price" ? after.key >= bound : after.key <= bound;
  return { ...query, [reached ? name : "after"]: undefined };
}

/** How many products match. It reads all of them, so it is asked for apart. */
export function countStatement(query: Omit<ListQuery, "sort" | "limit" | "after">): Statement {
  const { values, bind } = binding();
  const store = bind(query.store_id);
  const tables = query.category === undefined ? "" : `with recursive ${categoryTree(query.category, store, bind)}`;
  const conditions = [
    `p.store_id = ${store}`,
    `p.status = any(${bind(query.statuses)})`,
    ...priceRange(query, bind),
    ...(query.q === undefined ? [] : [`p.search @@ ${wantedBy(query, bind)}`]),
    ...(query.in_stock === undefined ? [] : [`p.in_stock = ${query.in_stock}`]),
    ...(query.category === undefined ? [] : [IN_CATEGORIES]),
  ];
  return { text: `${tables} select count(*)::int as total from products p where ${conditions.join(" and ")}`, values };
}

function wantedBy({ q, forgiving }: Pick<ListQuery, "q" | "forgiving">, bind: Bind): string {
  return forgiving ? `(select wanted from search_terms(${bind(q)}, true))` : `search_query(${bind(q)})`;
}

const IN_CATEGORIES = "p.category_id = any(array(select id from tree))";

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

/** Stands in the cursor of a forgiving search, whose later pages forgive too. */
const FORGIVING = "~";

/** The cursor that goes on after a product. */
export function cursorAfter(product: ListedProduct, sort: Sort, forgiving: boolean): string {
  const column = sort === "relevance" ? "score" : SORTS[sort].column;
  const key = column === "create_time" ? product.create_time.toISOString() : product[column] ?? 0;
  return encodeCursor([`${forgiving ? FORGIVING : ""}${sort}`, key, product.id]);
}

/** Reads a cursor of a list in the same order. Throws `invalid_cursor`. */
export function readCursor(cursor: string, sort: Sort): Pick<ListQuery, "after" | "forgiving"> {
  const [of, key, id] = decodeCursor(cursor, 3);
  const { type } = SORTS[sort];
  const fits = type === "bigint" || type === "integer"
    ? Number.isSafeInteger(key) && (type === "bigint" || Math.abs(key as number) < 2 ** 31)
    : typeof key === "string" && !key.includes("\0") &&
      (type === "text" || /^\d{4}-[\d:T.-]+Z$/.test(key) && !isNaN(Date.parse(key)));
  if ((of !== sort && of !== FORGIVING + sort) || !fits || typeof id !== "string" || !isId(id)) {
    throw invalid("invalid_cursor", "The cursor is not one that this list gave in this order.", "/cursor");
  }
  return { after: { key: key as string | number, id }, forgiving: of !== sort };
}

/** Reads the name of an order. A search that asks for none is ranked. */
export function readSort(sort: string | undefined, q: string | undefined): Sort {
  const { relevance: _, ...named } = SORTS;
  if (sort === undefined) return q === undefined ? "-create_time" : "relevance";
  if (!Object.hasOwn(named, sort)) {
    throw invalid("invalid_sort", `A list sorts by ${Object.keys(named).join(", ")}.`, "/sort");
  }
  return sort as Sort;
}
