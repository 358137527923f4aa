import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { remember } from "./remember.ts";

describe("remember()", () => {
  it("gives what was set, until it is deleted or all is cleared", () => {
    const memory = remember<number>(60_000, 10);
    memory.set("a", 1);
    memory.set("b", 2);
    memory.set("c", 3);
    memory.delete("a");
    expect([memory.get("a"), memory.get("b")]).toEqual([undefined, 2]);
    memory.clear();
    expect([memory.get("b"), memory.get("c")]).toEqual([undefined, undefined]);
  });

  it("forgets what is too old", () => {
    const memory = remember<number>(0, 10);
    memory.set("a", 1);
    expect(memory.get("a")).toBeUndefined();
  });

  it("forgets in time though the clock is set back", async () => {
    const memory = remember<number>(1, 10);
    memory.set("a", 1);
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    try {
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(memory.get("a")).toBeUndefined();
    } finally {
      Date.now = now;
    }
  });

  it("drops the oldest when it is full, and one that was set again is new", () => {
    const memory = remember<number>(60_000, 2);
    memory.set("a", 1);
    memory.set("b", 2);
    memory.set("a", 3);
    memory.set("c", 4);
    expect([memory.get("a"), memory.get("b"), memory.get("c")]).toEqual([3, undefined, 4]);
  });
});
