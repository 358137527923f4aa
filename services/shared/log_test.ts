import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { SYSTEM, withContext } from "./context.ts";
import { createLog, type Log } from "./log.ts";

/** The lines that a piece of work logs, and their text. */
function logged(config: Parameters<typeof createLog>[1], work: (log: Log) => void) {
  let text = "";
  work(createLog("order", config, { write: (line: string) => void (text += line) }));
  return { text, lines: text.split("\n").filter(Boolean).map((line) => JSON.parse(line)) };
}

describe("createLog()", () => {
  it("writes one ECS line per event, with the service and the request under way", () => {
    const { lines } = logged({ LOG_LEVEL: "INFO" }, (log) =>
      withContext(
        { request_id: "r1", actor: SYSTEM, deadline: Infinity },
        () => log.info({ url: { path: "/cart" } }, "done"),
      ));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      "log.level": "info",
      message: "done",
      "service.name": "order",
      http: { request: { id: "r1" } },
      url: { path: "/cart" },
    });
  });

  for (const [level, shown] of [["DEBUG", 4], ["INFO", 3], ["WARNING", 2], ["ERROR", 1]] as const) {
    it(`shows ${shown} of the four levels at ${level}`, () => {
      const { lines } = logged({ LOG_LEVEL: level }, (log) => {
        log.debug("a");
        log.info("b");
        log.warn("c");
        log.error("d");
      });
      expect(lines).toHaveLength(shown);
    });
  }

  it("shows everything, with the stacks of errors, where DEBUG is on", () => {
    const { lines } = logged(
      { LOG_LEVEL: "ERROR", DEBUG: true },
      (log) => log.debug({ err: new Error("no") }, "refused"),
    );
    expect(lines[0]?.error.stack_trace).toContain("log_test.ts");
  });

  it("masks secrets by name, at the top and one below", () => {
    const secrets = { password: "s3cret", token: "s3cret", refresh_token: "s3cret", authorization: "Bearer s3cret" };
    const { text } = logged({ LOG_LEVEL: "INFO" }, (log) => log.info({ ...secrets, body: secrets }, "in"));
    expect(text).not.toContain("s3cret");
  });

  it("masks what looks like a card number, but no id", () => {
    const id = "01900000-0000-7000-8000-000000000001";
    const { text } = logged({ LOG_LEVEL: "INFO" }, (log) => log.info({ id }, "paid with 4242 4242-4242 4242"));
    expect(text).not.toContain("4242");
    expect(text).toContain(id);
  });
});
