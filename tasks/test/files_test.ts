import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { groupOf } from "./files.ts";

describe("groupOf()", () => {
  it("goes by the end of the name", () => {
    const groups = ["a/x_test.ts", "x_integration_test.ts", "x_api_test.ts", "x_basic_test.tsx", "x.ts", "test.ts"].map(
      groupOf,
    );
    expect(groups).toEqual(["unit", "integration", "api", "basic", undefined, undefined]);
  });
});
