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

  it("says who acts and in which store, by ids, never by an e-mail address", () => {
    const actor = { kind: "user", user_id: "u1", email: "ada@example.com", store_roles: [] };
    const { lines, text } = logged(
      { LOG_LEVEL: "INFO" },
      (log) => withContext({ request_id: "r1", actor, deadline: Infinity, store: "s1" }, () => log.info("done")),
    );
    expect(lines[0]).toMatchObject({ user: { id: "u1" }, labels: { actor: "user", store: "s1" } });
    expect(text).not.toContain("ada");
  });

  it("has the trace that came in, or that which the request's id names", () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const request_id = "0192f3aa-0000-7000-8000-000000000001";
    const { lines } = logged({ LOG_LEVEL: "INFO" }, (log) => {
      for (const more of [{ traceparent }, {}]) {
        withContext({ request_id, actor: SYSTEM, deadline: Infinity, ...more }, () => log.info("done"));
      }
    });
    expect(lines.map(({ trace }) => trace.id)).toEqual([
      "0af7651916cd43dd8448eb211c80319c",
      "0192f3aa000070008000000000000001",
    ]);
  });

  it("masks what is personal, wherever it stands", () => {
    const { text } = logged(
      { LOG_LEVEL: "INFO" },
      (log) => log.info({ deep: { er: ["ada@example.com"] } }, "to ada@example.com"),
    );
    expect(text).not.toContain("ada@");
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
