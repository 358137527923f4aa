import { invalid, type NanoError } from "./errors.ts";
import { isId } from "./ids.ts";

const MAX_LIMIT = 100;

/** A page of a list and the cursor of the next; undefined on the last page. */
export interface Page<T> {
  data: T[];
  next_cursor?: string;
  total?: number;
}

type Key = (string | number | boolean | null)[];

/** Makes an opaque cursor of the sort key of a page's last row. */
export function encodeCursor(key: Key): string {
  return new TextEncoder().encode(JSON.stringify(key)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Reads a cursor of so many parts. Throws `invalid_cursor` for one that was not made by encodeCursor. */
export function decodeCursor(cursor: string, parts: number): Key {
  try {
    const key = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: "base64url" })));
    if (Array.isArray(key) && key.length === parts && key.every((part) => part === null || typeof part !== "object")) {
      return key;
    }
  } catch { /* refused below */ }
  throw invalidCursor();
}

/** Reads the cursor of a list in the order of ids. Throws `invalid_cursor`. */
export function decodeIdCursor(cursor: string): string {
  const [id] = decodeCursor(cursor, 1);
  if (typeof id !== "string" || !isId(id)) throw invalidCursor();
  return id;
}

/** Reads the cursor of a list in the order of time and, within a millisecond, id. Throws `invalid_cursor`. */
export function decodeTimeCursor(cursor: string): { create_time: string; id: string } {
  const [create_time, id] = decodeCursor(cursor, 2);
  const isTime = typeof create_time === "string" && TIME.test(create_time) && !Number.isNaN(Date.parse(create_time));
  if (!isTime || typeof id !== "string" || !isId(id)) throw invalidCursor();
  return { create_time, id };
}

/** As Date.toISOString() writes it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** How many rows a page has: as many as asked for, at most 100. Throws `invalid_limit` below 1. */
export function pageLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1) throw invalid("invalid_limit", "A page has at least 1 row.", "/limit");
  return Math.min(limit, MAX_LIMIT);
}

/** What a page has at most: an answer between services may have 8 MiB. */
const MAX_BYTES = 6 * 1024 * 1024;

/** How many rows fit into a page, or a call, of at most `limit`, at least one: large ones make it shorter. */
export function fitting<T>(
  rows: readonly T[],
  limit: number,
  bytesOf: (row: T) => number,
  max_bytes = MAX_BYTES,
): number {
  let bytes = 0;
  const beyond = rows.slice(0, limit).findIndex((row, index) => (bytes += bytesOf(row)) > max_bytes && index > 0);
  return beyond < 0 ? limit : beyond;
}

/** Cuts rows, fetched as `limit + 1`, to a page; `keyOf` gives the sort key of the last row. */
export function toPage<T>(rows: T[], limit: number, keyOf: (row: T) => Key): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return rows.length > limit && last !== undefined ? { data, next_cursor: encodeCursor(keyOf(last)) } : { data };
}

function invalidCursor(): NanoError {
  return invalid("invalid_cursor", "The cursor is not one that a list gave.", "/cursor");
}
