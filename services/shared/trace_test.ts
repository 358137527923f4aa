import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { SYSTEM, withContext } from "./context.ts";
import { currentTraceparent, traceOf, traceparentFor, tracing, validTraceparent } from "./trace.ts";

const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const traceparent = `00-${traceId}-${spanId}-01`;
const context = { request_id: "r1", actor: SYSTEM, deadline: Infinity };

describe("validTraceparent()", () => {
  it("takes W3C's, also of a later version", () => {
    expect(validTraceparent(traceparent)).toBe(traceparent);
    expect(validTraceparent(`cc-${traceId}-${spanId}-01-more`)).toBe(`cc-${traceId}-${spanId}-01-more`);
  });

  const wrong = [
    "",
    "00",
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `${traceparent}, ${traceparent}`,
    `${traceparent}-${"x".repeat(100)}`,
  ];
  for (const text of wrong) it(`refuses "${text.slice(0, 60)}"`, () => expect(validTraceparent(text)).toBeUndefined());
});

describe("traceparentFor()", () => {
  it("keeps the client's", () => expect(traceparentFor("r1", traceparent)).toBe(traceparent));

  it("is none for an id that names the trace by itself, and a new, unsampled one for any other", () => {
    expect(traceparentFor(crypto.randomUUID(), undefined)).toBeUndefined();
    expect(validTraceparent(traceparentFor("order-7", "garbage"))).toMatch(/-00$/);
  });
});

describe("traceOf()", () => {
  it("tells the sender's trace, or that which a UUID names, and no span of our own", () => {
    expect(tracing).toBe(false);
    expect(traceOf({ ...context, traceparent })).toEqual({ trace: { id: traceId }, span: { id: spanId } });
    const request_id = crypto.randomUUID();
    expect(traceOf({ ...context, request_id })).toEqual({ trace: { id: request_id.replaceAll("-", "") } });
    expect(traceOf(context)).toEqual({});
    expect(traceOf(undefined)).toEqual({});
  });
});

describe("currentTraceparent()", () => {
  it("is what came in", () => {
    expect(currentTraceparent()).toBeUndefined();
    expect(withContext({ ...context, traceparent }, currentTraceparent)).toBe(traceparent);
  });
});
