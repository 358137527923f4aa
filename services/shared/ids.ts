import { uuidv7 } from "uuidv7";

/** A new UUIDv7: unique, and ordered by time. */
export function newId(): string {
  return uuidv7();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID of any version. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** The fields of messages that hold ids; `request_id` is the client's own name for a request. */
const ID_FIELD = /^(?!request_id$)(.+_)?ids?(_or_slug)?$/;
/** Maps: their keys are a merchant's or a provider's words, whatever they look like. */
const MAPS = new Set(["attributes", "options", "headers"]);

/**
 * Writes the UUIDs in a message as PostgreSQL does, in lower case. It takes them in capitals, too: then a row is found
 * by an id that is not `===` the row's own.
 */
export function lowerIds(message: object): void {
  const fields = message as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") {
      if (isId(value) && ID_FIELD.test(name)) fields[name] = value.toLowerCase();
    } else if (Array.isArray(value)) {
      if (typeof value[0] !== "string") value.forEach((item) => isMessage(item) && lowerIds(item));
      else if (ID_FIELD.test(name)) fields[name] = value.map((item) => isId(item) ? item.toLowerCase() : item);
    } else if (isMessage(value) && !MAPS.has(name)) lowerIds(value);
  }
}

function isMessage(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The SHA-256 of a text in hex, for tokens that are stored hashed. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

/** A new opaque token of 256 random bits, base64url, 43 characters. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}
