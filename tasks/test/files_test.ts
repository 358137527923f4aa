import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { groupOf } from "./files.ts";

describe("groupOf()", () => {
  it("goes by the end of the name", () => {
    const names = ["a/x_test.ts", "x_integration_test.ts", "x_api_test.ts", "x_browser_test.ts", "x_basic_test.tsx"];
    expect(names.map(groupOf)).toEqual(["unit", "integration", "api", "browser", "basic"]);
    expect(["x.ts", "test.ts"].map(groupOf)).toEqual([undefined, undefined]);
  });
});
