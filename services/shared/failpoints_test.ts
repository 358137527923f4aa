import { afterEach, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { enableFailpoints, failpoint, failpointHits, setFailpoints } from "./failpoints.ts";

describe("failpoints", () => {
  afterEach(() => setFailpoints(undefined));

  it("do nothing unless they are set", () => {
    expect(enableFailpoints({ ENVIRONMENT: "production" }, "")).toBe(false);
    expect(failpoint("a.place")).toBe(undefined);
    expect(failpointHits()).toEqual({});
  });

  it("are refused in production", () => {
    expect(() => enableFailpoints({ ENVIRONMENT: "production" }, "on")).toThrow("must not be set in production");
  });

  it("fail as often as they are told to, and count", async () => {
    expect(enableFailpoints({ ENVIRONMENT: "development" }, "a.place=error*1")).toBe(true);
    await expect(failpoint("a.place")).rejects.toThrow("failpoint a.place");
    await failpoint("a.place");
    await failpoint("another.place");
    expect(failpointHits()).toEqual({ "a.place": 2, "another.place": 1 });
  });

  it("can put the clock forward and back", () => {
    const before = Date.now();
    setFailpoints("clock=skew:600000");
    expect(Date.now() - before).toBeGreaterThanOrEqual(600_000);
    expect(new Date().getTime() - before).toBeGreaterThanOrEqual(600_000);
    expect(new Date(0)).toBeInstanceOf(Date);
    setFailpoints("on");
    expect(Date.now() - before).toBeLessThan(600_000);
  });

  it("name what can't be read", () => {
    expect(() => setFailpoints("a.place=explode")).toThrow('it has "a.place=explode"');
  });
});
