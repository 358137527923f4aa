import fc from "fast-check";
import type { Operation, Parameter, Schema } from "./document.ts";
import { fitting, hostile, MARKUP, mutated } from "./values.ts";

/** A request that is to be sent: all but who sends it. */
export interface FuzzRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** Bodies that are no JSON, or JSON that nobody writes. */
const RAW: readonly string[] = [
  "",
  "{",
  "[",
  "null",
  "nul",
  '"',
  "1e999",
  '{"a":1,"a":2}',
  '{"__proto__":{"admin":true}}',
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  `{"a":${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}}`,
  `${MARKUP}`,
  "\ufeff{}",
  "a=b&c=d",
];

/** Headers that a client has no business to send like that. */
const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ["X-Store", "' or 1=1 --"],
  ["X-Store", "no-such-store"],
  ["X-Store", MARKUP],
  ["X-Request-Id", MARKUP],
  ["X-Request-Id", "x".repeat(4_000)],
  ["X-Cart-Token", "a".repeat(43)],
  ["X-Cart-Token", "../.."],
  ["X-Forwarded-For", "999.1.1.1, ::1, x"],
  ["If-None-Match", '*, W/"'],
  ["If-None-Match", MARKUP],
  ["Range", "bytes=9999999-1"],
  ["Accept", "text/html"],
  ["Accept-Language", "a".repeat(3_000)],
  ["Content-Type", "text/html"],
  ["Content-Type", "application/json; charset=utf-7"],
  ["Idempotency-Key", ""],
  ["Idempotency-Key", "k".repeat(300)],
  ["Origin", "https://evil.invalid"],
  ["Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."],
  ["Authorization", "Basic eDp5"],
  ["X-Api-Key", "nano_sk_x"],
  ["X-HTTP-Method-Override", "DELETE"],
];

/** Requests to an operation, from right to quite wrong. `ids` are those of things of the path's kind. */
export function requests(
  operation: Operation,
  resolve: (schema: Schema) => Schema,
  ids: readonly string[],
): fc.Arbitrary<FuzzRequest> {
  const value = (schema: Schema) => fitting(schema, resolve, ids);
  const parameter = ({ schema = {}, in: place }: Parameter) =>
    fc.oneof(
      { weight: place === "path" ? 16 : 6, arbitrary: place === "path" ? fc.constantFrom(...ids) : value(schema) },
      { weight: 1, arbitrary: hostile },
    ).map(written);
  const named = operation.parameters.map((known) =>
    fc.tuple(
      fc.constant(known),
      known.in === "path" ? parameter(known) : fc.option(parameter(known), { freq: 2, nil: undefined }),
    )
  );
  const [type, schema] = operation.bodies[0] ?? ["", {}];
  const body = !type
    ? fc.option(fc.constant<string | Uint8Array<ArrayBuffer> | undefined>("{}"), { freq: 20, nil: undefined })
    : type.includes("json")
    ? fc.oneof(
      { weight: 8, arbitrary: value(schema).map(json) },
      { weight: 6, arbitrary: mutated(value(schema)).map(json) },
      { weight: 1, arbitrary: fc.constantFrom(...RAW) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => new Uint8Array(bytes)) },
    )
    : fc.oneof(
      fc.string(),
      fc.constantFrom(...RAW),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
    );
  const odd = fc.oneof(
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...HEADERS), { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(fc.tuple(...named), body, odd, fc.uuid()).map(([given, payload, extra, key]) => {
    let path = operation.path;
    const query = new URLSearchParams();
    const headers: Record<string, string> = { "Idempotency-Key": key };
    if (payload !== undefined) headers["Content-Type"] = type || "application/json";
    for (const [{ name, in: place }, text] of given) {
      if (text === undefined) continue;
      if (place === "path") path = path.replace(`{${name}}`, encoded(text));
      else if (place === "query") query.append(name, text.toWellFormed());
      else headers[name] = text;
    }
    for (const [name, text] of extra) headers[name] = text;
    for (const [name, text] of Object.entries(headers)) headers[name] = headerSafe(text);
    const search = query.toString();
    return { path: search ? `${path}?${search}` : path, headers, ...(payload === undefined ? {} : { body: payload }) };
  });
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** A path segment; an empty one, or one of dots, would be another path. */
function encoded(text: string): string {
  const part = encodeURIComponent(text.toWellFormed());
  return /^\.*$/.test(part) ? "x" : part;
}

/** What fetch lets into a header: the rest never leaves a client. */
function headerSafe(text: string): string {
  return text.replace(/[^\x20-\x7e\x80-\xff]/g, "?").trim();
}
