import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { SYSTEM, withContext } from "./context.ts";
import { createLog } from "./log.ts";
import { readable } from "./log_readable.ts";

function logged(work: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  const log = createLog("order", { LOG_LEVEL: "DEBUG" }, { write: (line: string) => void (text += line) });
  withContext({ request_id: "r1", actor: SYSTEM, deadline: Infinity }, () => work(log));
  return text;
}

describe("readable()", () => {
  it("shows time, level, message and facts in one line", () => {
    const line = readable(logged((log) => log.info({ event: { duration: 1_234_567 } }, "placed")), false);
    expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}placed /);
    expect(line).toContain("http.request.id=r1");
    expect(line).toContain("event.duration=1.23ms");
    expect(line.trimEnd()).not.toContain("\n");
  });

  it("shows an error's stack below", () => {
    const text = readable(logged((log) => log.error({ err: new Error("no stock") }, "failed")), false);
    expect(text).toMatch(/failed.*\n {4}Error: no stock\n\s+at /);
  });

  it("leaves what is no line of the log as it is", () => {
    for (const line of ["oops\n", "[1]\n", "null\n", '{"a":1}\n']) expect(readable(line)).toBe(line);
  });
});
