import type { Bind } from "../shared/parts.ts";
import { type ListQuery, SORTS, walk } from "./walk.ts";

/**
 * A search first looks at so many products in the order of the list: a common word is found among these. Where it is not,
 * the index of words has few of it to read.
 */
const LOOKED_AT = 2_000;

/** Fewer where more is walked past for each: products of another price, or a walk for each category. */
const LOOKED_AT_FILTERED = 500;

/** Where too few of these have it, the index of words gives at most so many. */
const MAX_HITS = 1_000;

/** Where so many of these have it, they come first and the index of words is left to those who turn pages. */
const ENOUGH = 20;

/** More than any score. */
const FIRST = 64;

/** So many names that begin as typed are ranked too. */
const NAMED = 50;

/** The places of a statement's values that its tables share. */
export interface Places {
  store: string;
  page: string;
  /** The conditions of the price range, and of the cursor. */
  range: readonly string[];
  after: readonly string[];
}

/**
 * The common tables of a search; the last, `page`, has the ids and keys of a page. It looks at the first of the list;
 * only where too few of these have the words, and they are not all, the words are rare enough to ask their index, for at
 * most 1,000 hits.
 */
export function searchTables(query: ListQuery, places: Places, bind: Bind): string[] {
  const { store, page, range, after } = places;
  const { column, direction } = SORTS[query.sort];
  const by_relevance = query.sort === "relevance";
  const [q, forgiving] = [bind(query.q), `${bind(query.forgiving ?? false)}::boolean`];
  const statuses = `array[${query.statuses.map((status) => `'${status}'`).join(", ")}]`;
  const within = query.category === undefined ? "null" : "array(select id from tree)";
  const hits = `search_ranked(${store}, ${q}, ${forgiving}, ${by_relevance}, ${statuses}, ${query.in_stock ?? "null"},
      ${within}, ${bind(query.min_price ?? null)}, ${bind(query.max_price ?? null)}, ${MAX_HITS})`;
  const filtered = query.category !== undefined || (range.length > 0 && column !== "price");
  const most = filtered ? LOOKED_AT_FILTERED : LOOKED_AT;
  const read = [
    "p.search @@ (select wanted from asked) as has",
    ...(by_relevance ? ["p.search, p.sort_name, p.skus"] : []),
  ];
  const conditions = [...range, ...(by_relevance ? [] : after), ASKED];
  const looked = filtered
    // Fenced by the offset, so that only those looked at are read, each by its id.
    ? `select w.id, w.${column}, read.* from (${walk(query, conditions, store, most)} limit ${most}) w
        cross join lateral (select ${read.join(", ")} from products p where p.id = w.id offset 0) read`
    : `${walk(query, conditions, store, most, ...read)} limit ${most}`;
  const past = after.map((condition) => ` and ${condition}`).join("");
  const all = `(select count(*) from looked) < ${most}`;
  const common = [
    `asked as materialized (select * from search_terms(${q}, ${forgiving}))`,
    `looked as materialized (${looked})`,
  ];
  if (by_relevance) {
    return [
      ...common,
      `met as materialized (select p.id, ${SCORE} from looked p cross join asked a where p.has limit ${MAX_HITS})`,
      ...firstTables(query, places, { q, statuses }),
      // They stay the same from page to page, so that each product has its place.
      `near as materialized (
        select id, score + case when (select count(*) from met) >= ${ENOUGH} then ${FIRST} else 0 end as score
        from (select * from met union select * from first) found)`,
      `hits as (
        select h.id, h.score from ${hits} h
        where ((select count(*) from met) < ${ENOUGH}
            or (select count(*) from (select from near p where true${past} limit ${page}) rest) < ${page})
          and not ${all} and h.id not in (select id from near))`,
      `page as (
        select p.id, p.score from (select * from near union all select * from hits) p
        where true${past} order by p.score desc, p.id desc limit ${page})`,
    ];
  }
  const order = `${column} ${direction}, id ${direction}`;
  return [
    ...common,
    // In their order, and no more than needed is looked at.
    `met as materialized (select id, ${column} from looked where has limit ${page})`,
    `hits as (
      select p.id, p.${column} from (select id, price, sort_name collate "C" as sort_name, create_time from ${hits}) p
      where (select count(*) from met) < ${page} and not ${all}${past})`,
    `page as (select id, ${column} from (select * from met union select * from hits) found order by ${order} limit ${page})`,
  ];
}

/** Without words, or without any that may be misspelt, nothing is looked at. */
const ASKED = "(select wanted is not null from asked)";

const SCORE = "search_score(p.search, p.sort_name, p.skus, a.typed, a.plain, a.whole) as score";

/** What is ranked however many others have the words: the product of a SKU and the first names that begin as typed. */
function firstTables(query: ListQuery, { store, range }: Places, of: { q: string; statuses: string }): string[] {
  const halves = query.in_stock === undefined ? [true, false] : [query.in_stock];
  const named = query.statuses.flatMap((status) =>
    halves.map((in_stock) =>
      `(select p.id from products p where p.store_id = ${store} and p.status = '${status}' and p.in_stock = ${in_stock}
         and p.sort_name >= (select typed from asked) and p.sort_name < (select typed || chr(1114111) from asked)
         order by p.sort_name, p.id limit ${NAMED})`
    )
  );
  const filters = [
    "p.search @@ (select wanted from asked)",
    `p.status = any(${of.statuses})`,
    ...(query.in_stock === undefined ? [] : [`p.in_stock = ${query.in_stock}`]),
    ...(query.category === undefined ? [] : ["p.category_id = any(array(select id from tree))"]),
    ...range,
  ];
  return [
    `named as (
      ${named.join(" union ")} union
      select v.product_id from variants v
      where v.store_id = ${store} and not v.archived and v.sku in (${of.q}, upper(${of.q})))`,
    `first as (
      select n.id, read.score from named n cross join asked a
        cross join lateral (select ${SCORE} from products p where p.id = n.id and ${
      filters.join(" and ")
    } offset 0) read)`,
  ];
}
