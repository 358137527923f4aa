import type { AuditEntry, ListAuditRequest, ListAuditResponse } from "../../proto/gen/nano/common/v1/common.ts";
import { invalid } from "../shared/errors.ts";
import { decodeCursor, encodeCursor } from "../shared/pagination.ts";

/** The services that keep an audit log; those of one moment are shown in this order. */
export const AUDITED = ["payment", "product", "store", "user"] as const;
/** A service that keeps an audit log. */
export type Audited = typeof AUDITED[number];

/** An entry and whose it is. */
export type Entry = AuditEntry & { service: Audited };

/** A place in the merged log: newest first, of one moment by service, then by id, the highest first. */
interface Place {
  time: number;
  service: Audited;
  id: number;
}

type Lists = Record<Audited, (request: ListAuditRequest) => Promise<ListAuditResponse>>;

/** Reads a page of all logs as one, newest first. */
export async function listAll(
  lists: Lists,
  filter: Omit<ListAuditRequest, "before_time" | "before_id" | "limit">,
  limit: number,
  cursor: string | undefined,
): Promise<{ data: Entry[]; next_cursor?: string }> {
  const after = cursor === undefined ? undefined : readPlace(cursor);
  const pages = await Promise.all(AUDITED.map(async (service) => {
    const page = await lists[service]({ ...filter, ...beginningAt(service, after), limit });
    return { more: page.more, entries: page.data.map((entry): Entry => ({ ...entry, service })) };
  }));
  return merge(pages, limit);
}

/** Merges pages of several logs. Where one has more than it gave, nothing older than its last entry can be shown yet. */
export function merge(
  pages: { more: boolean; entries: Entry[] }[],
  limit: number,
): { data: Entry[]; next_cursor?: string } {
  const ends = pages.flatMap(({ more, entries }) => {
    const last = entries.at(-1);
    return more && last ? [last] : [];
  });
  const all = pages.flatMap(({ entries }) => entries).sort(compare);
  const known = all.filter((entry) => ends.every((end) => compare(entry, end) <= 0));
  const data = known.slice(0, limit);
  const last = data.at(-1);
  const more = ends.length > 0 || known.length > data.length;
  return more && last ? { data, next_cursor: encodeCursor([timeOf(last), last.service, last.id]) } : { data };
}

function compare(a: Entry, b: Entry): number {
  return timeOf(b) - timeOf(a) || AUDITED.indexOf(a.service) - AUDITED.indexOf(b.service) || b.id - a.id;
}

function timeOf(entry: Entry): number {
  return entry.time?.getTime() ?? 0;
}

/** Where a service's log goes on after a place in the merged one. */
function beginningAt(service: Audited, after: Place | undefined) {
  if (!after) return { before_time: undefined, before_id: 0 };
  const [own, last] = [AUDITED.indexOf(service), AUDITED.indexOf(after.service)];
  // Of that moment: what comes before the place was shown, what comes after it was not.
  const before_id = own < last ? 0 : own > last ? Number.MAX_SAFE_INTEGER : after.id;
  return { before_time: new Date(after.time), before_id };
}

function readPlace(cursor: string): Place {
  const [time, service, id] = decodeCursor(cursor, 3);
  const known = AUDITED.find((name) => name === service);
  if (known && Number.isSafeInteger(id) && typeof time === "number" && Math.abs(time) < 8.64e15) {
    return { time, service: known, id: id as number };
  }
  throw invalid("invalid_cursor", "The cursor is not one that a list gave.", "/cursor");
}
