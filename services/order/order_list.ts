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
 * The statement of a list: one for each set of filters that is used, each prepared once, so that each gets the plan
 * and the index that fit it. `count` counts all matches instead of reading a page.
 */
export function listStatement(given: ListFilter, what: "page" | "count"): {
  name: string;
  text: string;
  values: unknown[];
} {
  const filter = tightened(given);
  const values: unknown[] = [];
  const used: string[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const conditions = [`o.store_id = ${bind(filter.store_id)}`, "o.number is not null"];
  const where = (name: string, condition: string) => {
    used.push(name);
    conditions.push(condition);
  };

  const { owner, status, q, user_id, ids, from, to, after } = filter;
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
  // A buyer's own orders are few: they are sifted.
  const staffSearch = q && !owner && !ids && what === "page";
  if (q && !staffSearch) {
    const text = `o.search like ${bind(`%${escapeLike(q.toLowerCase())}%`)}`;
    const number = /^#?(\d{1,15})$/.exec(q)?.[1];
    if (number) where("number", `(o.number = ${bind(Number(number))} or ${text})`);
    else where("q", text);
  }
  if (from) where("from", `o.create_time >= ${bind(from)}`);
  if (to) where("to", `o.create_time < ${bind(to)}`);
  if (what === "count") {
    const text = `select count(*) as total from orders o where ${conditions.join(" and ")}`;
    return { name: name("order.count", used), text, values };
  }

  if (after) {
    const than = filter.ascending ? ">" : "<";
    where("after", `(o.create_time, o.id) ${than} (${bind(after.create_time)}, ${bind(after.id)})`);
  }
  const direction = filter.ascending ? "asc" : "desc";
  used.push(direction);
  if (staffSearch) {
    const number = /^#?(\d{1,15})$/.exec(q)?.[1];
    const indexed = INDEXED.test(q);
    used.push(indexed ? "search" : "short_search");
    const most = indexed ? LOOKED_AT : LOOKED_AT_UNINDEXED;
    const wanted = [bind(`%${escapeLike(q.toLowerCase())}%`), bind(number ? Number(number) : null)];
    const order = `order by create_time ${direction}, id ${direction}`;
    const page = bind(filter.limit);
    const hits = () => {
      const others = [status, user_id, from, to].map((value) => bind(value ?? null));
      return `select o.id, o.create_time from search_orders(${["$1", ...wanted, ...others].join(", ")}, ${MAX_HITS}) o
        where (select count(*) from met) < ${page} and (select count(*) from walked) = ${most}
          ${after ? `and ${conditions.at(-1)}` : ""}`;
    };
    const text = `with walked as materialized (
        select o.id, o.create_time, o.search like ${wanted[0]} or o.number = ${wanted[1]}::bigint as has
        from orders o where ${conditions.join(" and ")} ${order} limit ${most}
      ), met as materialized (
        -- In their order, and no more than needed is looked at.
        select id, create_time from walked where has limit ${page}
      ), page as (
        select * from (select * from met ${indexed ? `union ${hits()}` : ""}) found ${order} limit ${page}
      )
      select ${ORDER_COLUMNS} from page join orders o on o.id = page.id
      order by page.create_time ${direction}, page.id ${direction}`;
    return { name: name("order.list", used), text, values };
  }
  const text = `select ${ORDER_COLUMNS} from orders o where ${conditions.join(" and ")}
    order by o.create_time ${direction}, o.id ${direction} limit ${bind(filter.limit)}`;
  return { name: name("order.list", used), text, values };
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

function name(list: string, used: string[]): string {
  return [list, ...used].join(".");
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, "\\$&");
}
