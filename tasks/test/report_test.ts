import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { countTests, failureText } from "./report.ts";

const report = (...cases: string[]) => `<testsuites><testsuite name="x">${cases.join("\n")}</testsuite></testsuites>`;
const passed = (name: string) => `<testcase name="${name}" time="0.001">\n</testcase>`;
const failed = (name: string) => `<testcase name="${name}" time="0.001"><failure message="no">no</failure></testcase>`;
const skipped = (name: string) => `<testcase name="${name}"><skipped/></testcase>`;

describe("countTests()", () => {
  it("counts tests, not the groups around them", () => {
    const junit = report(
      passed("a()"),
      passed("a() &gt; b"),
      passed("a() &gt; c"),
      passed("a() &gt; c &gt; d"),
      passed("e"),
    );
    expect(countTests(junit, "", true)).toEqual({ passed: 3, failed: 0 });
  });

  it("counts a failing test once, though its group fails with it", () => {
    const junit = report(failed("a()"), failed("a() &gt; b"), passed("a() &gt; c"));
    expect(countTests(junit, "", false)).toEqual({ passed: 1, failed: 1 });
  });

  it("counts a group whose hook failed", () => {
    expect(countTests(report(failed("a()")), "", false)).toEqual({ passed: 0, failed: 1 });
    expect(countTests(report(failed("a()"), passed("a() &gt; b")), "", false)).toEqual({ passed: 1, failed: 1 });
  });

  it("does not count what is skipped", () => {
    expect(countTests(report(skipped("a")), "", true)).toEqual({ passed: 0, failed: 0 });
  });

  it("counts a file that crashed, once", () => {
    const text = "ERRORS\n\n./x_test.ts (uncaught error)\nboom\n\nFAILURES\n\n./x_test.ts (uncaught error)\n";
    expect(countTests(report(passed("a")), text, false)).toEqual({ passed: 1, failed: 1 });
  });

  it("lets no other failure pass for success", () => {
    expect(countTests("", "error: Cannot find module", false)).toEqual({ passed: 0, failed: 1 });
  });
});

describe("failureText()", () => {
  it("is what stands between ERRORS and FAILURES", () => {
    expect(failureText("..F\n\n ERRORS \n\na => b\nno\n\n FAILURES \n\na\n")).toBe("ERRORS \n\na => b\nno");
  });
});
