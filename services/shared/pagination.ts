import { invalid } from "./errors.ts";

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
  throw invalid("invalid_cursor", "The cursor is not one that a list gave.", "/cursor");
}

/** Cuts rows, fetched as `limit + 1`, to a page; `keyOf` gives the sort key of the last row. */
export function toPage<T>(rows: T[], limit: number, keyOf: (row: T) => Key): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return rows.length > limit && last !== undefined ? { data, next_cursor: encodeCursor(keyOf(last)) } : { data };
}
