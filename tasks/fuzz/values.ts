import fc from "fast-check";
import type { Schema } from "./document.ts";

/** What a page must never run: it is looked for, as it stands, in every answer that is HTML. */
export const MARKUP = '<script>alert("nano-fuzz")</script>';

/** Values that break what is careless. None leads out of the machine: names end in .invalid. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 53),
  "",
  " ",
  "0",
  "NaN",
  "\0",
  "a\0b",
  "\ud800",
  "\udfff\ud800",
  "\u202eevil",
  "a".repeat(5_000),
  "👩‍👩‍👧‍👦".repeat(300),
  "' or 1=1; drop table users; --",
  "%' union select null, version() --",
  "$1",
  "{{7*7}}${7*7}",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "\r\nX-Injected: yes",
  MARKUP,
  `"><img src=x onerror=alert("nano-fuzz")>`,
  "javascript:alert(1)",
  "4111 1111 1111 1111",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "2026-02-30T25:61:61Z",
  "+275760-09-13T00:00:00.001Z",
  "-271821-04-20T00:00:00.000Z",
  "0000-01-01T00:00:00Z",
  "W10",
  "WzEsMl0",
  "WyIyMDI2LTAxLTAxVDAwOjAwOjAwLjAwMFoiLCJ4Il0",
  [],
  [[[[[[]]]]]],
  {},
  { $ne: null },
  { constructor: { prototype: { admin: true } } },
  [null, null],
];

/** A hostile value. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.double(),
  fc.integer(),
);

/** Values that fit a schema. `ids` are those of things that there are. */
export function fitting(
  schema: Schema,
  resolve: (schema: Schema) => Schema,
  ids: readonly string[],
  depth = 0,
): fc.Arbitrary<unknown> {
  const found = resolve(schema);
  const again = (inner: Schema) => fitting(inner, resolve, ids, depth + 1);
  if (depth > 8) return fc.constant(null);
  if (found.const !== undefined) return fc.constant(found.const);
  if (found.enum) return fc.constantFrom(...found.enum);
  const choices = found.anyOf ?? found.oneOf;
  if (choices?.length) return fc.oneof(...choices.map(again));
  if (found.allOf?.length) {
    return fc.tuple(...found.allOf.map(again)).map((parts) => Object.assign({}, ...parts as object[]));
  }
  const type = Array.isArray(found.type) ? found.type.find((name) => name !== "null") : found.type;
  const plain = ofType(String(type), found, ids, again);
  return found.example === undefined ? plain : fc.oneof({ weight: 2, arbitrary: fc.constant(found.example) }, plain);
}

function ofType(
  type: string,
  schema: Schema,
  ids: readonly string[],
  again: (schema: Schema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  switch (type) {
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e9), max: Math.min(schema.maximum ?? 1_000, 1e9) });
    case "array":
      return fc.array(again(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 3)),
      });
    case "object":
      return objectOf(schema, again);
    case "string":
      return textOf(schema, ids);
    default:
      return fc.constantFrom("x", 1, null);
  }
}

function objectOf(schema: Schema, again: (schema: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length) {
    const model = Object.fromEntries(properties.map(([name, inner]) => [name, again(inner)]));
    return fc.record(model, { requiredKeys: [...schema.required ?? []].filter((name) => name in model) });
  }
  const { additionalProperties: values } = schema;
  return fc.dictionary(fc.string({ maxLength: 10 }), typeof values === "object" ? again(values) : fc.string(), {
    maxKeys: 3,
  });
}

function textOf({ format, minLength = 1, maxLength = 30 }: Schema, ids: readonly string[]): fc.Arbitrary<unknown> {
  switch (format) {
    case "uuid":
      return fc.oneof(fc.constantFrom(...ids), fc.uuid());
    case "email":
      return fc.nat(1e9).map((n) => `fuzz${n}@nano.invalid`);
    case "date-time":
      return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString());
    case "date":
      return fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) =>
        date.toISOString().slice(0, 10)
      );
    case "uri":
      return fc.nat(999).map((n) => `https://fuzz${n}.invalid/x`);
    case "password":
      return fc.nat(1e9).map((n) => `fuzz passphrase ${n}`);
  }
  const longest = Math.max(minLength, Math.min(maxLength, 30));
  return fc.oneof(
    fc.string({ unit: "grapheme", minLength, maxLength: longest }),
    fc.constantFrom("US", "USD", "DE", "en-US", "paid", "customer", "true", "5", ...ids),
  );
}

/** A fitting value in which one thing is wrong: a value, a field too many, or one too few. */
export function mutated(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(value, hostile, fc.nat(1e6), fc.constantFrom("replace", "add", "remove", "wrap")).map(
    ([whole, bad, at, how]) => {
      const copy = structuredClone(whole);
      const spots: [holder: Record<string, unknown>, key: string][] = [];
      collect(copy, spots);
      const spot = spots[at % Math.max(1, spots.length)];
      if (!spot) return bad;
      const [holder, key] = spot;
      if (how === "remove" && !Array.isArray(holder)) delete holder[key];
      else if (how === "add" && !Array.isArray(holder)) {
        const name = ["role", "store_id", "__proto__", "constructor", MARKUP, "id", "price"][at % 7] ?? "x";
        Object.defineProperty(holder, name, { value: bad, enumerable: true, configurable: true, writable: true });
      } else holder[key] = how === "wrap" ? [holder[key]] : bad;
      return copy;
    },
  );
}

function collect(value: unknown, spots: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    spots.push([value as Record<string, unknown>, key]);
    collect((value as Record<string, unknown>)[key], spots);
  }
}
