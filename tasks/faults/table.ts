import type { Result } from "./trial.ts";

/** The results as a Markdown table, a row for each fault. */
export function table(results: readonly Result[]): string {
  const rows = [...Map.groupBy(results, ({ number }) => number).values()].map((tries) => {
    const [{ number, title } = { number: 0, title: "" }] = tries;
    const sum = (of: (result: Result) => number) => tries.reduce((total, result) => total + of(result), 0);
    const broken = tries.filter(({ violations }) => violations.length > 0);
    const seeds = tries.length > 1 ? ` (${tries.length} seeds)` : "";
    const result = broken.length ? `**broken** with seed ${broken.map(({ seed }) => seed).join(", ")}` : "holds";
    const cells = [number, title + seeds, sum(({ operations }) => operations), sum(({ acknowledged }) => acknowledged)];
    return `| ${cells.join(" | ")} | ${result} | ${sum(({ seconds }) => seconds).toFixed(0)} |`;
  });
  return ["| # | fault | operations | acknowledged | result | seconds |", "|---|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}
