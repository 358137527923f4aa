import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { judge } from "./judge.ts";

const REPORT = `╭ lodash has a command injection
│ Severity: high
│ Package: lodash
╰ Info: an advisory
Found 1 vulnerabilities
Severity: 0 low, 0 moderate, 1 high, 0 critical
`;

describe("judge()", () => {
  it("is content where nothing is known", () =>
    expect(judge(0, "No known vulnerabilities found\n", "").verdict).toBe("clean"));

  it("fails on what is known, and shows it", () => {
    const { verdict, text } = judge(1, REPORT, "");
    expect([verdict, text]).toEqual(["vulnerable", expect.stringContaining("lodash")]);
  });

  it("says so where the registry does not answer, rather than that all is well", () => {
    const { verdict, text } = judge(1, "", "error: error sending request for url (…): client error (Connect)\n");
    expect([verdict, text]).toEqual(["unanswered", expect.stringMatching(/NOT DONE.*sending request/)]);
  });

  it("takes any other failure for a vulnerability", () =>
    expect(judge(101, "", "error: panic").verdict).toBe("vulnerable"));
});
