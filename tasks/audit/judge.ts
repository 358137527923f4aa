import type { Answer } from "./ask.ts";

/** What came of an audit, and what to tell of it. */
export interface Audit {
  readonly verdict: "clean" | "vulnerable" | "unanswered";
  readonly text: string;
}

/** Judges what a registry answered about so many packages. No answer is not a good one. */
export function judge(answer: Answer, count: number): Audit {
  if ("unanswered" in answer) {
    return { verdict: "unanswered", text: `audit: NOT DONE, for the registry did not answer: ${answer.unanswered}` };
  }
  if (answer.advisories.length === 0) {
    return { verdict: "clean", text: `audit: none of ${count} packages is known to be vulnerable` };
  }
  const lines = answer.advisories.map(({ name, versions, severity, title, range, url }) =>
    `${name}@${versions.join(", ")}  ${severity}: ${title} (${range}) ${url}`
  );
  return {
    verdict: "vulnerable",
    text: [...lines, `audit: ${lines.length} known vulnerabilities in ${count} packages`].join("\n"),
  };
}
