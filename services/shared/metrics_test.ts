import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { gauges, registry } from "./metrics.ts";

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
