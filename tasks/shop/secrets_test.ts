import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { weakness } from "../../services/shared/weakness.ts";
import { developmentSecrets, randomText } from "./secrets.ts";

describe("developmentSecrets()", () => {
  it("makes strong secrets once, readable by their owner alone", () => {
    const folder = Deno.makeTempDirSync();
    const first = developmentSecrets(folder);
    expect(developmentSecrets(folder)).toEqual(first);
    expect(weakness(first.JWT_SECRET)).toBeUndefined();
    expect((Deno.statSync(join(folder, "secrets.json")).mode ?? 0) & 0o777).toBe(0o600);
    Deno.removeSync(folder, { recursive: true });
  });
});

describe("randomText()", () => {
  it("has the length asked for, and only letters and digits", () => {
    expect(randomText(99)).toMatch(/^[A-Za-z0-9]{99}$/);
  });
});

describe("weakness()", () => {
  it("accepts 32 hexadecimal digits", () => {
    expect(weakness("9f86d081884c7d659a2feaa0c55ad015")).toBeUndefined();
  });
});
