import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { gauges, largest, measureProcess, oneOf, registry, shared, total } from "./metrics.ts";

/** The value of the one sample that a line of the exposition format begins with. */
async function sample(name: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split("\n").find((line) => line.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

describe("registry", () => {
  it("tells the memory in use, and nothing that the sandbox hides", async () => {
    expect(await sample("process_resident_memory_bytes")).toBeGreaterThan(1024 * 1024);
    for (const name of ["process_virtual_memory_bytes", "process_heap_bytes", "process_open_fds", "process_max_fds"]) {
      expect(await sample(name)).toBeUndefined();
    }
  });
});

describe("gauges()", () => {
  it("shows what the last reading that did not fail gave", async () => {
    let read = () => Promise.resolve([{ labels: { kind: "a" }, value: 3 }]);
    gauges("nano_test_rows", "Rows of a test.", ["kind"], () => read());
    expect(await sample('nano_test_rows{kind="a"}')).toBe(3);
    read = () => Promise.reject(new Error("away"));
    expect(await sample('nano_test_rows{kind="a"}')).toBe(3);
    read = () => Promise.resolve([{ labels: { kind: "b" }, value: 1 }]);
    expect(await sample('nano_test_rows{kind="a"}')).toBeUndefined();
    expect(await sample('nano_test_rows{kind="b"}')).toBe(1);
  });
});

describe("gauges() and total()", () => {
  it("do not wait for a reading that hangs", async () => {
    gauges("nano_test_hanging", "A reading that never ends.", [], () => new Promise(() => {}));
    total("nano_test_total", "What a test counts.", () => 7);
    expect(await sample("nano_test_total")).toBe(7);
    registry.removeSingleMetric("nano_test_hanging");
    expect(await sample("nano_test_total")).toBe(7);
  });
});

describe("shared()", () => {
  it("reads once for all that ask at about the same time", async () => {
    let reads = 0;
    const read = shared(() => Promise.resolve(++reads), 60_000);
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
    const always = shared(() => Promise.resolve(++reads), 0);
    expect([await always(), await always()]).toEqual([2, 3]);
  });
});

describe("labels from outside", () => {
  it("are one of a closed set, or other", () => {
    const reason = oneOf(new Set(["expired_card"]));
    expect(["expired_card", "made_up", "", null, undefined].map(reason)).toEqual([
      "expired_card",
      "other",
      "other",
      "other",
      "other",
    ]);
  });

  it("are those of the largest, and the rest adds up as other", () => {
    const rows = Array.from({ length: 1000 }, (_, n) => [
      { labels: { store: `s${n}`, status: "paid" }, value: n },
      { labels: { store: `s${n}`, status: "expired" }, value: 1 },
    ]).flat();
    const shown = largest(rows, "store", 20);
    expect(new Set(shown.map(({ labels }) => labels.store)).size).toBe(21);
    expect(shown).toHaveLength(42);
    const sum = (list: typeof rows) => list.reduce((sum, { value }) => sum + value, 0);
    expect(sum(shown)).toBe(sum(rows));
    expect(shown.find(({ labels }) => labels.store === "s999" && labels.status === "paid")?.value).toBe(999);
    expect(shown.find(({ labels }) => labels.store === "other" && labels.status === "expired")?.value).toBe(980);
  });
});

describe("measureProcess()", () => {
  it("names the release", async () => {
    measureProcess("order");
    expect(await registry.metrics()).toMatch(/nano_build_info\{service="order",version="[\d.]+",deno="2[\d.]+"\} 1/);
  });
});
