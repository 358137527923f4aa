import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { DENO_VERSION, refuseOtherDeno } from "./deno_version.ts";

describe("refuseOtherDeno()", () => {
  it("refuses even the next patch, saying what to type", () => {
    expect(() => refuseOtherDeno("2.9.4")).toThrow(
      "Cannot run on Deno 2.9.4 as Nano needs Deno 2.9.3 exactly: npx -y deno@2.9.3 task start",
    );
  });

  it("accepts the one in .ci/run", () => {
    refuseOtherDeno(DENO_VERSION);
    expect(Deno.readTextFileSync(new URL("../../.ci/run", import.meta.url))).toContain(
      `deno@${DENO_VERSION} task test`,
    );
  });
});
