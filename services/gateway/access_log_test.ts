import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { type Context, withContext } from "../shared/context.ts";
import { createLog } from "../shared/log.ts";
import { type Access, accessLog } from "./access_log.ts";

const context: Context = {
  request_id: crypto.randomUUID(),
  actor: { kind: "user", user_id: crypto.randomUUID(), email: "ada@example.com", store_roles: [] },
  deadline: Infinity,
};
const access: Access = {
  context,
  method: "GET",
  path: "/products/blue-hat",
  route: "/products/:id",
  status: 200,
  nanoseconds: 1_500_000,
  bytes: 1234,
  store: crypto.randomUUID(),
};

/** The one line of an answer, its text too; and pino's own line in the same context, as it should look like. */
function lineOf(changes: Partial<Access> = {}) {
  const lines: string[] = [];
  const log = createLog("gateway", { LOG_LEVEL: "INFO" }, { write: (line: string) => void lines.push(line) });
  const own = { ...access, ...changes };
  accessLog(log)(own);
  withContext({ ...own.context, store: own.store }, () => log.info({}, "pino"));
  const [text = "", pino = ""] = lines;
  return { text, line: JSON.parse(text), pino: JSON.parse(pino) };
}

describe("accessLog()", () => {
  it("tells method, route, status, duration, bytes, store and who asked", () => {
    const { line } = lineOf();
    expect(line).toMatchObject({
      message: "GET /products/blue-hat 200",
      http: { request: { method: "GET" }, response: { status_code: 200, body: { bytes: 1234 } } },
      url: { path: "/products/blue-hat", route: "/products/:id" },
      event: { duration: 1_500_000 },
    });
  });

  it("has each field that pino's lines have, with the same value", () => {
    const { line, pino } = lineOf();
    const { "@timestamp": _, message: __, ...rest } = pino;
    expect(line).toMatchObject(rest);
    expect(line["@timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(line.trace.id).toBe(context.request_id.replaceAll("-", ""));
  });

  it("leaves out what is not known", () => {
    const { line } = lineOf({ bytes: undefined, store: undefined });
    expect(line.http.response).toEqual({ status_code: 200 });
    expect(line.labels).toEqual({ actor: "user" });
  });

  const paths: [path: string, shown: string][] = [
    ["/users/ada@example.com", "/users/***@example.com"],
    ["/users/ada%40example.com", "/users/***@example.com"],
    ["/cards/4242424242424242", "/cards/***"],
    ["/a%22%7D%0Ab", '/a"}\nb'],
    ["/%zz", "/%zz"],
    [`/${"a".repeat(500)}`, `/${"a".repeat(199)}`],
  ];
  for (const [path, shown] of paths) {
    it(`shows ${path.slice(0, 40)} in one line, without what is personal`, () => {
      const { text, line } = lineOf({ path });
      expect(line.url.path).toBe(shown);
      expect(text.indexOf("\n")).toBe(text.length - 1);
    });
  }

  it("is no way to forge a line, by method or route", () => {
    const { line } = lineOf({ method: 'GET","a":"', route: '/x/:id{\\d+"}' });
    expect(line.http.request.method).toBe("OTHER");
    expect(line.url.route).toBe('/x/:id{\\d+"}');
  });

  it("never has an e-mail address", () => expect(lineOf().text).not.toContain("ada@"));
});
