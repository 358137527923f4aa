import { createRoute, z } from "@hono/zod-openapi";
import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { NanoError } from "../shared/errors.ts";
import { fingerprint, keyHeader, keyOf, showReplay } from "./idempotency.ts";
import { answers, createRoutes, jsonBody } from "./openapi.ts";

const app = createRoutes();
app.openapi(
  createRoute({
    method: "post",
    path: "/things",
    request: { headers: keyHeader, body: jsonBody(z.strictObject({ name: z.string() })) },
    responses: answers(201, "Made.", z.unknown()),
  }),
  async (c) => {
    showReplay(c, true);
    return c.json(await keyOf(c), 201);
  },
);
app.onError((error, c) => error instanceof NanoError ? c.json({ code: error.code }, 400) : c.json({}, 500));

const post = (headers: Record<string, string>, body = '{"name":"x"}') =>
  app.request("/things", { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });

describe("an Idempotency-Key", () => {
  const cases: Record<string, [Record<string, string>, string]> = {
    "is required": [{}, "idempotency_key_required"],
    "is not empty": [{ "Idempotency-Key": "" }, "idempotency_key_required"],
    "is at most 255 characters": [{ "Idempotency-Key": "k".repeat(256) }, "idempotency_key_invalid"],
    "is ASCII": [{ "Idempotency-Key": "schlüssel" }, "idempotency_key_invalid"],
  };
  for (const [what, [headers, code]] of Object.entries(cases)) {
    it(what, async () => expect(await (await post(headers)).json()).toEqual({ code }));
  }

  it("is missed before the body is looked at", async () => {
    expect(await (await post({}, '{"nane":1}')).json()).toEqual({ code: "idempotency_key_required" });
  });

  it("comes with the fingerprint of its request", async () => {
    const response = await post({ "idempotency-key": "k".repeat(255) });
    expect(response.status).toBe(201);
    expect(response.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await response.json()).toEqual({
      key: "k".repeat(255),
      fingerprint: fingerprint("POST", "/things", { name: "x" }),
    });
  });
});

describe("a fingerprint", () => {
  const body = { a: 1, b: { c: [1, { d: 2, e: null }], f: "x" } };

  it("does not change with the order of members", () => {
    expect(fingerprint("POST", "/x", { b: { f: "x", c: [1, { e: null, d: 2 }] }, a: 1 })).toBe(
      fingerprint("POST", "/x", body),
    );
  });

  it("does not change with a slash at the end", () => {
    expect(fingerprint("POST", "/x/", body)).toBe(fingerprint("POST", "/x", body));
  });

  const others: Record<string, string> = {
    method: fingerprint("PUT", "/x", body),
    path: fingerprint("POST", "/y", body),
    value: fingerprint("POST", "/x", { ...body, a: 2 }),
    type: fingerprint("POST", "/x", { ...body, a: "1" }),
    order: fingerprint("POST", "/x", { ...body, b: { c: [{ d: 2, e: null }, 1], f: "x" } }),
  };
  for (const [what, other] of Object.entries(others)) {
    it(`changes with another ${what}`, () => expect(other).not.toBe(fingerprint("POST", "/x", body)));
  }
});
