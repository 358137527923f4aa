import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { entryOf } from "./entry.ts";

describe("entryOf()", () => {
  it("finds what a record has itself, and nothing that every object has", () => {
    expect(entryOf({ a: 1 }, "a")).toBe(1);
    for (const name of ["b", "constructor", "toString", "__proto__"]) expect(entryOf({ a: 1 }, name)).toBe(undefined);
  });
});
