import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { NanoError } from "./errors.ts";
import {
  decodeCursor,
  decodeIdCursor,
  decodeTimeCursor,
  encodeCursor,
  fitting,
  pageLimit,
  toPage,
} from "./pagination.ts";

describe("a cursor", () => {
  it("gives back the key it was made of", () => {
    const part = fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (key) => {
      expect(decodeCursor(encodeCursor(key), key.length)).toEqual(key);
    }));
  });

  it("needs no escaping in a URL", () => {
    fc.assert(fc.property(fc.string(), (text) => expect(encodeCursor([text])).toMatch(/^[\w-]+$/)));
  });

  it("is refused as invalid_cursor, whatever text it is", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        decodeCursor(text, 2);
      } catch (error) {
        expect(error).toBeInstanceOf(NanoError);
        expect((error as NanoError).code).toBe("invalid_cursor");
        return;
      }
      throw new Error("was accepted");
    }));
  });

  const foreign: [name: string, cursor: string][] = [
    ["of another list", encodeCursor(["a"])],
    ["with an object in it", btoa('[{"a":1},"b"]').replaceAll("=", "")],
    ["that is an object", btoa('{"length":2}').replaceAll("=", "")],
    ["that is empty", ""],
  ];
  for (const [name, cursor] of foreign) {
    it(`is refused ${name}`, () => expect(() => decodeCursor(cursor, 2)).toThrow("cursor"));
  }
});

describe("decodeTimeCursor() and decodeIdCursor()", () => {
  const id = "01900000-0000-7000-8000-000000000001";
  const create_time = "2026-11-22T09:30:00.123Z";

  it("give back what they were made of", () => {
    expect(decodeTimeCursor(encodeCursor([create_time, id]))).toEqual({ create_time, id });
    expect(decodeIdCursor(encodeCursor([id]))).toBe(id);
  });

  for (
    const [name, key] of [
      ["no time", ["yesterday", id]],
      ["a time that PostgreSQL would read and Date not write", ["infinity", id]],
      ["a time that Date would read and PostgreSQL not", ["1", id]],
      ["a day that is not there", ["2026-13-22T09:30:00.123Z", id]],
      ["no id", [create_time, "1' or '1'='1"]],
      ["a number", [1, id]],
    ] as const
  ) {
    it(`refuse ${name}`, () => expect(() => decodeTimeCursor(encodeCursor([...key]))).toThrow("cursor"));
  }

  it("refuse what is no id", () => expect(() => decodeIdCursor(encodeCursor(["x"]))).toThrow("cursor"));
});

describe("pageLimit()", () => {
  it("coerces what is over 100", () => expect([1, 100, 101, 1e9].map(pageLimit)).toEqual([1, 100, 100, 100]));
  for (const limit of [0, -1, 0.5, NaN, Infinity]) {
    it(`refuses ${limit}`, () => expect(() => pageLimit(limit)).toThrow("at least 1"));
  }
});

describe("fitting()", () => {
  const MiB = 1024 * 1024;
  const fit = (sizes: number[], limit: number) => fitting(sizes, limit, (size) => size);

  it("gives the limit where all fit", () => expect([fit([1, 2, 3], 2), fit([], 2)]).toEqual([2, 2]));
  it("gives fewer where they are large", () => expect(fit([2 * MiB, 4 * MiB, 1, 1], 3)).toBe(2));
  it("gives one however large", () => expect(fit([9 * MiB, 1], 2)).toBe(1));
});

describe("toPage()", () => {
  const keyOf = (row: number) => [row];

  it("gives no cursor on the last page", () => {
    expect(toPage([1, 2], 2, keyOf)).toEqual({ data: [1, 2] });
    expect(toPage([], 2, keyOf)).toEqual({ data: [] });
  });

  it("keeps the row too many back and points at the last one shown", () => {
    const page = toPage([1, 2, 3], 2, keyOf);
    expect(page.data).toEqual([1, 2]);
    expect(decodeCursor(page.next_cursor ?? "", 1)).toEqual([2]);
  });
});
