/** What came out of a group of tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface Case {
  readonly name: string;
  readonly failed: boolean;
  readonly skipped: boolean;
}

/**
 * Counts single tests (`it`s) from `deno test`'s JUnit report and its printed text. A `describe` is in the report too,
 * under a name that begins its tests' names: it counts only when it failed by itself, as by a hook. A file that crashed
 * is in the text alone.
 */
export function countTests(junit: string, text: string, succeeded: boolean): Counts {
  const cases = [...junit.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map((
    match,
  ): Case => ({
    name: match[1] ?? "",
    failed: /<(failure|error)\b/.test(match[2] ?? ""),
    skipped: /<skipped\b/.test(match[2] ?? ""),
  }));
  const crashed = new Set([...text.matchAll(/^(\S.*) \(uncaught error\)$/gm)].map((match) => match[1])).size;
  let [passed, failed] = [0, crashed];
  for (const one of cases) {
    const inner = cases.filter((other) => other.name.startsWith(`${one.name} &gt; `));
    if (one.skipped) continue;
    if (one.failed) failed += inner.some((other) => other.failed) ? 0 : 1;
    else if (inner.length === 0) passed++;
  }
  // Whatever else went wrong must not pass for success.
  return { passed, failed: succeeded || failed > 0 ? failed : 1 };
}

/** The part of `deno test`'s text that tells of failures, or all of it when there is no such part. */
export function failureText(text: string): string {
  const start = text.search(/^ ?ERRORS ?$/m);
  const end = text.search(/^ ?FAILURES ?$/m);
  return (start < 0 ? text : text.slice(start, end > start ? end : undefined)).trim();
}
