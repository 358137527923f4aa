import { type Api, ApiError, type Options, type Query } from "./api.ts";
import { texts } from "./texts.ts";
import type { AuditEntry, Page, User } from "./types.ts";

/** Who made the last change of a row, and when; who is unknown where nobody may know or the log does not answer. */
export interface Change {
  who: string | undefined;
  time: string;
}

/** Looks up the last change of a row in the audit log. */
export async function lastChange(api: Api, table: string, row: string, time: string): Promise<Change> {
  const page = await orNothing(api.get<Page<AuditEntry>>("/audit", { table, row_id: row, limit: 1 }));
  const entry = page?.data[0];
  if (!entry) return { who: undefined, time };
  const names = await actorNames(api, [entry]);
  return { who: names.get(entry.actor), time: entry.time };
}

/** Names for those who made changes, by actor; at most one request for each person but the operator. */
export async function actorNames(
  api: Api,
  entries: readonly Pick<AuditEntry, "actor">[],
  operator?: Pick<User, "id" | "name" | "email">,
): Promise<Map<string, string>> {
  const actors = [...new Set(entries.map(({ actor }) => actor))];
  const named = await Promise.all(actors.map(async (actor) => {
    const [, id] = /^user:([\w-]{36})$/.exec(actor) ?? [];
    if (!id) {
      return [
        actor,
        actor === "service" || actor === "owner" ? texts.audit.system : texts.audit.actors[actor] ?? actor,
      ] as const;
    }
    const user = id === operator?.id ? operator : await orNothing(api.get<User>(`/users/${id}`));
    return [actor, user ? user.name || user.email : id] as const;
  }));
  return new Map(named);
}

/** What only helps is left out when it is refused. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) return undefined;
    throw error;
  }
}

const DAY_MS = 86_400_000;

/** What the page's filters ask of the gateway: days are whole days in UTC, the store at hand or all. */
export function auditFilters(given: URLSearchParams): { query: Query; options: Options } {
  const text = (name: string) => given.get(name)?.trim() || undefined;
  const query = {
    table: text("table"),
    row_id: text("row_id"),
    actor: text("actor"),
    from: dayStart(text("from")),
    to: dayStart(text("to"), DAY_MS),
  };
  return { query, options: ofAllStores(given) ? { store: "" } : {} };
}

/** Whether the log is asked for of all stores and of none, as of accounts and erasures. */
export function ofAllStores(given: URLSearchParams): boolean {
  return given.get("stores") === "all";
}

/** The beginning of a day in UTC, or of the one after it; undefined for what is no day. */
function dayStart(day: string | undefined, later = 0): string | undefined {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : new Date(time + later).toISOString();
}
