import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { isProven, proveForwarded } from "./forwarding.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const NOW = Date.UTC(2026, 10, 22);

describe("isProven()", () => {
  const proof = proveForwarded(SECRET, "198.51.100.1", NOW);
  const cases: [name: string, secret: string, forwarded: string | undefined, proof: string | undefined, now: number][] =
    [
      ["another address", SECRET, "198.51.100.2", proof, NOW],
      ["another secret", "x".repeat(32), "198.51.100.1", proof, NOW],
      ["a proof that is too old", SECRET, "198.51.100.1", proof, NOW + 61_000],
      ["a proof from the future", SECRET, "198.51.100.1", proof, NOW - 61_000],
      ["another time", SECRET, "198.51.100.1", proof.replace(/^\d+/, (time) => `${Number(time) + 1}`), NOW],
      ["no proof", SECRET, "198.51.100.1", undefined, NOW],
      ["no address", SECRET, undefined, proof, NOW],
      ["what is no proof", SECRET, "198.51.100.1", "é.é", NOW],
    ];
  it("believes what was signed, for a minute", () => {
    expect(isProven(SECRET, "198.51.100.1", proof, NOW + 59_000)).toBe(true);
  });
  for (const [name, secret, forwarded, given, now] of cases) {
    it(`refuses ${name}`, () => expect(isProven(secret, forwarded, given, now)).toBe(false));
  }
});
