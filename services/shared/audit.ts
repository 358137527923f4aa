import type { ListAuditRequest, ListAuditResponse } from "../../proto/gen/nano/common/v1/common.ts";
import { currentActor, mayAnywhere, require, requireIdentity, storesWith } from "./auth.ts";
import { forbidden, notFound } from "./errors.ts";
import { isId } from "./ids.ts";
import { binding } from "./parts.ts";
import type { Sql, Statement } from "./postgres.ts";

/** An answer's entries hold at most so many characters: a page of the largest changes would not fit a message. */
const MAX_PAGE_TEXT = 1_500_000;
const MAX_LIMIT = 100;

interface AuditRow {
  id: number;
  time: Date;
  actor: string;
  request_id: string;
  network: string;
  table_name: string;
  row_id: string | null;
  action: string;
  before: string | null;
  after: string | null;
  store_id: string | null;
}

/** Lists the audit log of the service whose database this is: an admin sees all of it, a manager the own stores'. */
export async function listAudit(sql: Sql, request: ListAuditRequest): Promise<ListAuditResponse> {
  const stores = storesOf(request.store_id);
  const limit = Math.min(Math.max(request.limit, 1), MAX_LIMIT);
  const { rows } = await sql.query<AuditRow>(auditStatement(request, stores, limit + 1));
  const data: AuditRow[] = [];
  let size = 0;
  for (const row of rows.slice(0, limit)) {
    size += (row.before?.length ?? 0) + (row.after?.length ?? 0);
    if (size > MAX_PAGE_TEXT && data.length > 0) break;
    data.push(row);
  }
  return { data: data.map(toEntry), more: rows.length > data.length };
}

/** The stores whose entries the actor sees of those asked for; undefined for all entries, also those of no store. */
function storesOf(store_id: string | undefined): string[] | undefined {
  const actor = currentActor();
  requireIdentity(actor);
  if (!mayAnywhere(actor, "audit:read")) throw forbidden();
  if (store_id !== undefined) {
    if (!isId(store_id)) throw notFound("store");
    require(actor, "audit:read", store_id, "store");
    return [store_id];
  }
  const stores = storesWith(actor, "audit:read");
  return stores === "all" ? undefined : stores;
}

/** The statement of a page: one walk along an index, for several stores one walk each. */
export function auditStatement(
  request: Omit<ListAuditRequest, "store_id" | "limit">,
  stores: string[] | undefined,
  fetch: number,
): Statement {
  const { values, bind } = binding();
  const { table_name, row_id, actor, action, request_id, from, to, before_time, before_id } = request;
  const conditions = ["true"];
  if (table_name !== undefined) conditions.push(`a.table_name = ${bind(table_name)}`);
  if (row_id !== undefined) conditions.push(`a.row_id = ${bind(row_id)}`);
  if (actor !== undefined) conditions.push(`a.actor = ${bind(actor)}`);
  if (action !== undefined) conditions.push(`a.action = ${bind(action)}`);
  if (request_id !== undefined) conditions.push(`a.request_id = ${bind(request_id)} and a.request_id <> ''`);
  if (from) conditions.push(`a.time >= ${bind(from)}::timestamptz`);
  if (to) conditions.push(`a.time < ${bind(to)}::timestamptz`);
  if (before_time) {
    conditions.push(`(a.time, a.id) < (${bind(before_time)}::timestamptz, ${bind(before_id)}::bigint)`);
  }
  const columns = "a.id, a.time, a.actor, a.request_id, a.network, a.table_name, a.row_id, a.action, " +
    "a.before::text as before, a.after::text as after, a.store_id";
  const walk = (where: string) =>
    `select ${columns} from audit_log a where ${[where, ...conditions].join(" and ")}
     order by a.time desc, a.id desc limit ${Math.trunc(fetch)}`;
  if (!stores) return { text: walk("true"), values };
  if (stores.length === 1) return { text: walk(`a.store_id = ${bind(stores[0])}`), values };
  const text = `select w.* from unnest(${bind(stores)}::uuid[]) store (id)
    cross join lateral (${walk("a.store_id = store.id")}) w order by w.time desc, w.id desc limit ${Math.trunc(fetch)}`;
  return { text, values };
}

function toEntry({ row_id, before, after, store_id, ...row }: AuditRow): ListAuditResponse["data"][number] {
  return {
    ...row,
    before_json: before ?? "",
    after_json: after ?? "",
    ...(row_id === null ? {} : { row_id }),
    ...(store_id === null ? {} : { store_id }),
  };
}
