import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { fileURLToPath } from "node:url";
import { ERROR_KINDS, type ErrorKind } from "../shared/errors.ts";
import { ERROR_CODES, errorCodesTable } from "./error_codes.ts";

/** What only services say to each other; no storefront ever sees it. */
const INTERNAL = new Set([
  "deadline_required",
  "hold_closed",
  "invalid_chunk",
  "invalid_event",
  "invalid_store",
  "over_return",
  "payment_differs",
  "stock_not_held",
]);

/** What is thrown under a name that is put together, so that no text search finds it. */
const COMPOSED = ["409 capture_failed", "409 void_failed"];

/** The text of every source file below a folder, but not of tests. */
function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* sources(`${folder}/${entry.name}`);
    else if (/\.ts$/.test(entry.name) && !/(_test|testing|error_codes)\.ts$/.test(entry.name)) {
      yield Deno.readTextFileSync(`${folder}/${entry.name}`);
    }
  }
}

/** The refusals that a source file spells out, as `409 out_of_stock`. */
function* refusals(source: string): Generator<string> {
  for (const [, helper, code] of source.matchAll(/\b(invalid|conflict|unauthenticated)\(\s*"(\w+)"/g)) {
    yield `${ERROR_KINDS[helper as ErrorKind].http} ${code}`;
  }
  for (const [, kind, code] of source.matchAll(/new NanoError\(\s*"(\w+)",\s*"(\w+)"/g)) {
    yield `${ERROR_KINDS[kind as ErrorKind].http} ${code}`;
  }
  for (const [, what] of source.matchAll(/\bnotFound\(\s*"(\w+)"/g)) yield `404 ${what}_not_found`;
  for (const [, what] of source.matchAll(/\b(?:require|idOrNotFound)\([^;{}]*"([a-z_]+)"\)/g)) {
    yield `404 ${what}_not_found`;
  }
  for (const [, code] of source.matchAll(/\bparams: \{ code: "(\w+)"/g)) yield `400 ${code}`;
  for (const [, code] of source.matchAll(/\bcode(?: = |: )"(unknown_field|invalid_field|unauthenticated)"/g)) {
    yield `${code === "unauthenticated" ? 401 : 400} ${code}`;
  }
}

describe("ERROR_CODES", () => {
  const services = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
  const thrown = new Set([...sources(services)].flatMap((source) => [...refusals(source)]).concat(COMPOSED));
  const listed = Object.entries(ERROR_CODES).flatMap(([status, codes]) =>
    Object.keys(codes).map((code) => `${status} ${code}`)
  );

  it("lists every code that a service throws", () => {
    const missing = [...thrown].filter((refusal) =>
      !listed.includes(refusal) && !INTERNAL.has(refusal.split(" ")[1] ?? "")
    );
    expect(missing).toEqual([]);
  });

  it("lists none that nobody throws", () => {
    expect(listed.filter((refusal) => !thrown.has(refusal))).toEqual([]);
  });

  it("keeps each status in the order of the alphabet", () => {
    for (const codes of Object.values(ERROR_CODES)) {
      expect(Object.keys(codes)).toEqual(Object.keys(codes).toSorted());
    }
  });

  it("makes a table of them", () => {
    expect(errorCodesTable()).toContain("| 409 | `out_of_stock` | There is not enough; ");
  });
});
