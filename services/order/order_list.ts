import { type Bind, binding } from "../shared/parts.ts";
import type { Statement } from "../shared/postgres.ts";
import { ORDER_COLUMNS } from "./order_rows.ts";

/** Which orders of a store a list shows. */
export interface ListFilter {
  store_id: string;
  /** Only those of this buyer: the user or the guest, or both. Unset for the store's staff. */
  owner?: { user_id?: string | undefined; guest_hash?: string | undefined } | undefined;
  status?: string | undefined;
  q?: string | undefined;
  user_id?: string | undefined;
  /** Only these. */
  ids?: string[] | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  ascending: boolean;
  /** The sort key of the last order of the page before: create_time and id. */
  after?: { create_time: string; id: string } | undefined;
  limit: number;
}

/** A search first looks at so many orders as they are listed: what many have fills a page from these. */
const LOOKED_AT = 500;
/** Where that is not a page, the index of what is searched gives at most so many. */
const MAX_HITS = 1_000;
/** What an index of three letters each can find. The rest, in shops of many orders, is found among the first only. */
const INDEXED = /[\p{L}\p{N}]{3}/u;
const LOOKED_AT_UNINDEXED = 5_000;

/**
 * The statement of a page, and one row more to tell whether there is another. Each set of filters that is used has one of
 * its own, prepared once, so that each gets the plan and the index that fit it; so has each count.
 */
export function listStatement(given: ListFilter): Statement {
  const filter = tightened(given);
  const { q, owner, ids } = filter;
  // A buyer's own orders are few, and so are those that are named: they are sifted.
  return q && !owner && !ids ? searchStatement(filter, q) : siftStatement(filter);
}

/** The statement that counts all that a list shows. */
export function countStatement(filter: ListFilter): Statement {
  const { used, conditions, values } = conditionsOf(filter, filter.q);
  const text = `select count(*) as total from orders o where ${conditions.join(" and ")}`;
  return { name: ["order.count", ...used].join("."), text, values };
}

function siftStatement(filter: ListFilter): Statement {
  const { used, conditions, values, bind } = conditionsOf(filter, filter.q);
  const { after, direction } = placeOf(filter, bind);
  const where = [...conditions, ...after].join(" and ");
  const text = `select ${ORDER_COLUMNS} from orders o where ${where}
    order by o.create_time ${direction}, o.id ${direction} limit ${bind(filter.limit)}`;
  return { name: ["order.list", ...used, ...after.map(() => "after"), direction].join("."), text, values };
}

/**
 * Staff's search of a store's orders: the first of the list are looked at one by one, and only where these are no page the
 * index is asked, which may have many more than are shown.
 */
function searchStatement(filter: ListFilter, q: string): Statement {
  const { used, conditions, values, bind, store } = conditionsOf(filter);
  const { after, direction } = placeOf(filter, bind);
  const order = `order by create_time ${direction}, id ${direction}`;
  const [text, number] = [like(q, bind), bind(numberIn(q) ?? null)];
  const page = bind(filter.limit);
  const indexed = INDEXED.test(q);
  const most = indexed ? LOOKED_AT : LOOKED_AT_UNINDEXED;
  const hits = () => {
    const { status, user_id, from, to } = filter;
    const others = [status, user_id, from, to].map((value) => bind(value ?? null));
    const given = [store, text, number, ...others].join(", ");
    const conditions = [
      `(select count(*) from met) < ${page}`,
      `(select count(*) from walked) = ${most}`,
      ...after,
    ];
    return `union select o.id, o.create_time from search_orders(${given}, ${MAX_HITS}) o
      where ${conditions.join(" and ")}`;
  };
  return {
    name: ["order.list", ...used, ...after.map(() => "after"), direction, indexed ? "search" : "short_search"].join(
      ".",
    ),
    text: `with walked as materialized (
        select o.id, o.create_time, o.search like ${text} or o.number = ${number}::bigint as has
        from orders o where ${[...conditions, ...after].join(" and ")} ${order} limit ${most}
      ), met as materialized (
        -- In their order, and no more than needed is looked at.
        select id, create_time from walked where has limit ${page}
      ), page as (
        select * from (select * from met ${indexed ? hits() : ""}) found ${order} limit ${page}
      )
      select ${ORDER_COLUMNS} from page join orders o on o.id = page.id
      order by page.create_time ${direction}, page.id ${direction}`,
    values,
  };
}

/** The conditions that a filter makes on an order `o`, and on its text where `q` is given, and what they are called. */
function conditionsOf({ store_id, owner, status, ids, user_id, from, to }: ListFilter, q?: string) {
  const { values, bind } = binding();
  const used: string[] = [];
  const store = bind(store_id);
  const conditions = [`o.store_id = ${store}`, "o.number is not null"];
  const where = (name: string, condition: string) => {
    used.push(name);
    conditions.push(condition);
  };

  if (owner) {
    const guest = () => `(o.guest_hash = ${bind(owner.guest_hash)} and o.guest_expire_time > now())`;
    const user = () => `o.user_id = ${bind(owner.user_id)}`;
    if (owner.user_id && owner.guest_hash) where("both", `(${user()} or ${guest()})`);
    else if (owner.user_id) where("user", user());
    else where("guest", guest());
  }
  if (status) where("status", `o.status = ${bind(status)}`);
  if (ids) where("ids", `o.id = any(${bind(ids)}::uuid[])`);
  if (user_id) where("user_id", `o.user_id = ${bind(user_id)}`);
  if (q) {
    const [text, number] = [`o.search like ${like(q, bind)}`, numberIn(q)];
    if (number === undefined) where("q", text);
    else where("number", `(o.number = ${bind(number)} or ${text})`);
  }
  if (from) where("from", `o.create_time >= ${bind(from)}`);
  if (to) where("to", `o.create_time < ${bind(to)}`);
  return { used, conditions, values, bind, store };
}

/** Where a page begins, as a condition if it is not the first one, and which way it goes. */
function placeOf({ ascending, after }: ListFilter, bind: Bind): { after: string[]; direction: string } {
  const than = ascending ? ">" : "<";
  return {
    after: after ? [`(o.create_time, o.id) ${than} (${bind(after.create_time)}, ${bind(after.id)})`] : [],
    direction: ascending ? "asc" : "desc",
  };
}

/** The order number that a search may mean: "1042" or "#1042". */
function numberIn(q: string): number | undefined {
  const digits = /^#?(\d{1,15})$/.exec(q)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The pattern of a search, in small letters as PostgreSQL makes them, for so it wrote what is searched. */
function like(q: string, bind: Bind): string {
  return `lower(${bind(`%${q.replaceAll(/[\\%_]/g, "\\$&")}%`)}::text)`;
}

/**
 * The same filter with one bound where its times and the cursor give two: an index scan begins at either, and should at
 * the tighter one.
 */
function tightened(filter: ListFilter): ListFilter {
  const { ascending, from, to, after } = filter;
  const [bound, name] = ascending ? [from, "from" as const] : [to, "to" as const];
  if (!after || !bound) return filter;
  const reached = ascending ? new Date(after.create_time) >= bound : new Date(after.create_time) < bound;
  return reached ? { ...filter, [name]: undefined } : filter;
}
