import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import {
  conflict,
  ERROR_KINDS,
  forbidden,
  invalid,
  NanoError,
  notFound,
  toNanoError,
  unauthenticated,
  unavailable,
  unlessMissing,
} from "./errors.ts";
import { toProblem } from "./problem.ts";

describe("ERROR_KINDS", () => {
  it("gives each kind a gRPC status of its own, so that the map goes both ways", () => {
    const statuses = Object.values(ERROR_KINDS).map(({ grpc }) => grpc);
    expect(new Set(statuses).size).toBe(statuses.length);
  });
});

describe("the helpers", () => {
  const table: [error: NanoError, status: number, code: string][] = [
    [invalid("bad_slug", "No."), 400, "bad_slug"],
    [unauthenticated(), 401, "unauthenticated"],
    [forbidden(), 403, "forbidden"],
    [notFound("order"), 404, "order_not_found"],
    [conflict("already_paid", "Is paid."), 409, "already_paid"],
    [unavailable(), 503, "unavailable"],
  ];
  for (const [error, status, code] of table) {
    it(`make ${code} a ${status}`, () => expect([ERROR_KINDS[error.kind].http, error.code]).toEqual([status, code]));
  }

  it("name the field at fault by a pointer", () => {
    expect(invalid("invalid_cursor", "No.", "/cursor").extras.errors).toEqual([{
      pointer: "/cursor",
      code: "invalid_cursor",
      message: "No.",
    }]);
  });
});

describe("unlessMissing()", () => {
  it("gives what is there, and undefined for what is not", async () => {
    expect(await unlessMissing(Promise.resolve("a store"))).toBe("a store");
    expect(await unlessMissing(Promise.reject(notFound("store")))).toBeUndefined();
  });

  it("leaves every other error as it is", async () => {
    await expect(unlessMissing(Promise.reject(forbidden()))).rejects.toMatchObject({ kind: "forbidden" });
    await expect(unlessMissing(Promise.reject(new TypeError("x")))).rejects.toThrow(TypeError);
  });
});

describe("toNanoError()", () => {
  const database = (code: string) => Object.assign(new Error("something of PostgreSQL"), { code });
  const table: [name: string, thrown: unknown, kind: string][] = [
    ["a refused connection", database("ECONNREFUSED"), "unavailable"],
    ["a server that shuts down", database("57P01"), "unavailable"],
    ["too many connections", database("53300"), "unavailable"],
    ["a deadlock", database("40P01"), "unavailable"],
    ["a lock that was not had in time", database("55P03"), "unavailable"],
    ["a full pool", new Error("timeout exceeded when trying to connect"), "unavailable"],
    ["a lost connection", new Error("Connection terminated unexpectedly"), "unavailable"],
    ["a cancelled statement", database("57014"), "timeout"],
    ["text that PostgreSQL can't hold", database("22021"), "invalid"],
    ["text that is no UUID or time", database("22P02"), "invalid"],
    ["a time that is none", database("22007"), "invalid"],
    ["a day that does not exist", database("22008"), "invalid"],
    ["a violated constraint that nobody expected", database("23514"), "internal"],
    ["a mistake of ours", new TypeError("x is undefined"), "internal"],
    ["nothing at all", undefined, "internal"],
    ["a text", "oh", "internal"],
  ];
  for (const [name, thrown, kind] of table) {
    it(`takes ${name} for ${kind}`, () => expect(toNanoError(thrown).kind).toBe(kind));
  }

  it("leaves a NanoError as it is", () => {
    const error = conflict("already_paid", "Is paid.");
    expect(toNanoError(error)).toBe(error);
  });

  it("says nothing of what went wrong inside", () => {
    expect(toNanoError(new Error("password of host db-1")).message).not.toContain("db-1");
  });
});

describe("toProblem()", () => {
  it("shows members and fields of a refusal", () => {
    const problem = toProblem(conflict("invalid_transition", "No.", { allowed: ["shipped"] }), "/orders/1", "r1");
    expect(problem).toMatchObject({
      status: 409,
      code: "invalid_transition",
      instance: "/orders/1",
      request_id: "r1",
      allowed: ["shipped"],
    });
  });

  it("shows nothing more of a 5xx than its request id", () => {
    const problem = toProblem(
      new NanoError("unavailable", "unavailable", "Busy.", { members: { host: "db-1" } }),
      "/orders",
      "r1",
    );
    expect(JSON.stringify(problem)).not.toContain("db-1");
    expect(problem.request_id).toBe("r1");
  });

  it("lets no member replace what every problem has", () => {
    const problem = toProblem(conflict("x", "No.", { status: 200, request_id: "forged", more: 1 }), "/", "r1");
    expect(Object.keys(problem).join()).toBe("type,title,status,detail,instance,code,request_id,more");
    expect(problem).toMatchObject({ status: 409, request_id: "r1" });
  });
});
