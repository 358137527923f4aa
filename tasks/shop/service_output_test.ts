import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { shortened } from "./service_output.ts";

describe("shortened()", () => {
  it("keeps quiet about what goes well", () => {
    expect(shortened(`{"log.level":"info","message":"order is ready"}`)).toBeUndefined();
  });

  it("says a warning's or error's message and reason", () => {
    const line = `{"log.level":"error","message":"a job failed","error":{"message":"no route"},"stack":"…"}`;
    expect(shortened(line)).toBe("error: a job failed (no route)");
  });

  it("says what is no log line, such as a crash, without its stack", () => {
    expect(shortened("error: Uncaught (in promise) Error: no")).toBe("error: Uncaught (in promise) Error: no");
    expect(shortened("    at file:///x.ts:1:1")).toBeUndefined();
  });
});
