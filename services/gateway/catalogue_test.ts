import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createCatalogue, matches, Shelf } from "./catalogue.ts";

const about = { route: "/products", store: undefined };

describe("a shelf", () => {
  const forever = { until: Infinity };

  it("lets go of the oldest when there are too many, or they are too large", () => {
    const shelf = new Shelf<{ until: number }>(3, 100);
    for (const key of ["a", "b", "c", "d"]) shelf.set(key, forever, 10);
    expect(["a", "b", "c", "d"].map((key) => shelf.get(key) !== undefined)).toEqual([false, true, true, true]);
    shelf.set("e", forever, 85);
    expect(["b", "c", "d", "e"].map((key) => shelf.get(key) !== undefined)).toEqual([false, false, true, true]);
  });

  it("shows nothing beyond its end", () => {
    const shelf = new Shelf<{ until: number }>();
    shelf.set("a", { until: performance.now() - 1 }, 1);
    expect(shelf.get("a")).toBeUndefined();
  });
});

describe("a catalogue", () => {
  it("forgets at once, also what is being read", async () => {
    const catalogue = createCatalogue();
    let value = "old";
    const read = () => Promise.resolve(value);
    const page = await catalogue.page("key", about, read);
    expect(catalogue.shows(page)).toBe(true);

    let go = (_text: string) => {};
    const slow = catalogue.page("other", about, () => new Promise<string>((resolve) => go = resolve));
    value = "new";
    catalogue.forget();
    expect(catalogue.shows(page)).toBe(false);
    // Who comes now does not wait for what was begun before.
    expect((await catalogue.page("other", about, read)).body).toBe('"new"');
    go("old");
    expect((await slow).body).toBe('"old"');
    expect((await catalogue.page("key", about, read)).body).toBe('"new"');
    expect((await catalogue.page("other", about, read)).body).toBe('"new"');
  });
});

describe("matches()", () => {
  it("finds a tag among those of If-None-Match", () => {
    const cases: [string | null, boolean][] = [
      [null, false],
      ['"a"', true],
      ['W/"a"', true],
      ['"b", "a"', true],
      ['"b"', false],
      ["*", true],
    ];
    for (const [wanted, expected] of cases) expect(matches(wanted, '"a"')).toBe(expected);
  });
});
