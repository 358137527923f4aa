import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { environmentWithFile } from "./settings.ts";

describe("environmentWithFile()", () => {
  it("reads the file beneath the real environment, and does without one", () => {
    const file = join(Deno.makeTempDirSync(), ".env");
    Deno.env.set("NANO_TEST_REAL", "real");
    Deno.writeTextFileSync(file, "NANO_TEST_REAL=file\nNANO_TEST_FILE='a b' # why\n");
    const { NANO_TEST_REAL, NANO_TEST_FILE } = environmentWithFile(file);
    expect([NANO_TEST_REAL, NANO_TEST_FILE]).toEqual(["real", "a b"]);
    expect(environmentWithFile(`${file}.none`).NANO_TEST_FILE).toBeUndefined();
  });
});
