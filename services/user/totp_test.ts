import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { isRecoveryCode, newRecoveryCodes, newSecret, normaliseCode, stepOf, uriOf } from "./totp.ts";

/** RFC 6238's test secret "12345678901234567890"; its codes are the last six of the eight digits of appendix B. */
const RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

describe("stepOf()", () => {
  for (const [seconds, code] of [[59, "287082"], [1111111109, "081804"], [2000000000, "279037"]] as const) {
    it(`knows RFC 6238's code at ${seconds} s`, () => {
      expect(stepOf(RFC, code, seconds * 1000)).toBe(Math.floor(seconds / 30));
    });
  }

  it("takes a code of one step before or after, and names its step", () => {
    expect(stepOf(RFC, "287082", 89_000)).toBe(1);
    expect(stepOf(RFC, "287082", 29_000)).toBe(1);
    expect(stepOf(RFC, "287082", 120_000)).toBe(undefined);
  });

  for (const code of ["", "28708", "2870822", "28708a", "２８７０８２"]) {
    it(`refuses "${code}"`, () => expect(stepOf(RFC, code, 59_000)).toBe(undefined));
  }
});

describe("uriOf()", () => {
  it("is what authenticator apps read", () => {
    const uri = new URL(uriOf(RFC, "ada@nano.test"));
    expect(uri.protocol).toBe("otpauth:");
    expect(decodeURIComponent(uri.pathname)).toContain("Nano:ada@nano.test");
    expect(uri.searchParams.get("secret")).toBe(RFC);
  });

  it("holds 160 bits", () => expect(newSecret()).toMatch(/^[A-Z2-7]{32}$/));
});

describe("recovery codes", () => {
  it("are ten, each unlike the others, and read whatever stands between their groups", () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
      expect(isRecoveryCode(normaliseCode(` ${code.toUpperCase().replaceAll("-", " ")} `))).toBe(true);
    }
    expect(isRecoveryCode("287082")).toBe(false);
  });
});
