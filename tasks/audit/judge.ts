/** What came of an audit, and what to tell of it. */
export interface Audit {
  readonly verdict: "clean" | "vulnerable" | "unanswered";
  readonly text: string;
}

/** What `deno audit` says where it could not ask. */
const UNANSWERED = /error sending request|failed to (?:get|parse|fetch)|registry|dns error|timed out|HTTP status/i;

/** Tells a registry that did not answer from one that knows of a vulnerability, by what `deno audit` printed. */
export function judge(code: number, stdout: string, stderr: string): Audit {
  if (code === 0) return { verdict: "clean", text: "audit: no dependency is known to be vulnerable" };
  const error = stderr.split("\n").find((line) => line.startsWith("error:")) ?? "";
  if (!/severity/i.test(stdout) && UNANSWERED.test(error)) {
    const reason = error.replace(/^error:\s*/, "").trim();
    return { verdict: "unanswered", text: `audit: NOT DONE, for the registry did not answer: ${reason}` };
  }
  return { verdict: "vulnerable", text: `${stdout}${stderr}\naudit: a dependency is known to be vulnerable` };
}
