import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { ListUsersResponse } from "../../proto/gen/nano/user/v1/user.ts";
import { decodeTimeCursor, toPage } from "../shared/pagination.ts";
import { type Bind, binding } from "../shared/parts.ts";
import type { Pool, Statement } from "../shared/postgres.ts";
import { toUser, USER, type UserRow } from "./rows.ts";
import { visibleStores } from "./user.ts";

/** Which users are listed. */
export interface UserFilter {
  store_id?: string | undefined;
  q?: string | undefined;
  role?: string | undefined;
  limit: number;
  cursor?: string | undefined;
  count: boolean;
}

type Condition = Pick<UserFilter, "q" | "role">;

/** The list of users. */
export function createUserListRepository(pool: Pool) {
  return {
    /** A page of the users that the actor may see, newest first. */
    listUsers: async (filter: UserFilter, actor: Actor): Promise<ListUsersResponse> => {
      const stores = filter.store_id ? [filter.store_id] : visibleStores(actor);
      const counted = filter.count ? await pool.query<{ total: number }>(countStatement(filter, stores)) : undefined;
      const { rows } = await pool.query<UserRow>(listStatement(filter, stores, filter.limit + 1));
      const page = toPage(rows.map(toUser), filter.limit, (user) => [user.create_time?.toISOString() ?? "", user.id]);
      return { ...page, total: counted?.rows[0]?.total };
    },
  };
}

/** The statement of a page. All the customers of stores are read by the stores' index, which knows the order of ids: of time. */
export function listStatement(
  { cursor, ...filter }: Condition & Pick<UserFilter, "cursor">,
  stores: string[] | "all",
  fetch: number,
): Statement {
  const { values, bind } = binding();
  const limit = Math.trunc(fetch);
  const after = cursor ? decodeTimeCursor(cursor) : undefined;
  if (stores === "all" || !ofEverybody(filter)) {
    const where = conditions(filter, stores, bind);
    if (after) where.push(`(u.create_time, u.id) < (${bind(after.create_time)}::timestamptz, ${bind(after.id)}::uuid)`);
    const text = `select ${USER} from users u where ${where.join(" and ")}
                  order by u.create_time desc, u.id desc limit ${limit}`;
    return { text, values };
  }
  const before = after ? `and user_id < ${bind(after.id)}::uuid` : "";
  // By a look at each, as no join would keep to the order of the index.
  const role = filter.role ? `and (select p.role from users p where p.id = user_id) = ${bind(filter.role)}` : "";
  const walk = (table: string) =>
    `(select user_id from ${table} where store_id = store.id ${before} ${role} order by user_id desc limit ${limit})`;
  const text = `select ${USER} from users u where u.id = any(array(
                  select found.user_id from unnest(${bind(stores)}::uuid[]) store (id)
                    cross join lateral (${walk("store_customers")} union ${walk("store_roles")}) found))
                order by u.id desc limit ${limit}`;
  return { text, values };
}

/** The statement that counts them. Of stores it begins with their people, so that a search that fits many finds each once. */
export function countStatement(filter: Condition, stores: string[] | "all"): Statement {
  const { values, bind } = binding();
  if (stores === "all") {
    const where = conditions(filter, stores, bind);
    return { text: `select count(*) as total from users u where ${where.join(" and ")}`, values };
  }
  const { q, role } = filter;
  const given = `any(${bind(stores)}::uuid[])`;
  const is = (what: string) => `exists (select from users u where u.id = p.user_id and ${what})`;
  const where = [`p.store_id = ${given}`];
  if (q) where.push(is(has(q, bind)));
  // There are only these two, and admins are few.
  if (role === "customer") where.push(`not ${is("u.role = 'admin'")}`);
  else if (role === "admin") where.push(is("u.role = 'admin'"));
  else if (role) {
    const staff = `r.user_id = p.user_id and r.store_id = ${given} and r.role = ${bind(role)}`;
    where.push(`exists (select from store_roles r where ${staff})`);
  }
  const people = (table: string) => `select p.user_id from ${table} p where ${where.join(" and ")}`;
  const each = stores.length > 1 ? "distinct user_id" : "*";
  const text = `select count(${each}) as total from (${people("store_customers")} union all ${people("store_roles")}
                  and not exists (select from store_customers c where c.user_id = p.user_id and c.store_id = ${given})) found`;
  return { text, values };
}

/** Whether a filter leaves nearly everybody of a store. */
function ofEverybody({ q, role }: Condition): boolean {
  return !q && (role === undefined || role === "customer");
}

function conditions({ q, role }: Condition, stores: string[] | "all", bind: Bind): string[] {
  const where = ["true"];
  const within = stores === "all" ? "" : `and store_id = any(${bind(stores)}::uuid[])`;
  const among = (table: string, more = "") => `exists (select from ${table} where user_id = u.id ${within} ${more})`;
  if (q) where.push(has(q, bind));
  if (role === "customer" || role === "admin") where.push(`u.role = ${bind(role)}`);
  if (role === "support" || role === "manager") where.push(among("store_roles", `and role = ${bind(role)}`));
  // Who has a role in the stores is one of their people.
  else if (within) where.push(`(${among("store_roles")} or ${among("store_customers")})`);
  return where;
}

/** Whether a user has a text in name or e-mail address. */
function has(q: string, bind: Bind): string {
  return `u.search like lower(${bind(`%${q.replace(/[\\%_]/g, "\\$&")}%`)})`;
}
