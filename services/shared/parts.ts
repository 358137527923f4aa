import type { Statement } from "./postgres.ts";

/** Adds a value to a statement; gives its SQL. */
export type Bind = (value: unknown) => string;

/** A list of values, the first of which are given, and what adds to it. */
export function binding(values: unknown[] = []): { values: unknown[]; bind: Bind } {
  return { values, bind: (value) => `$${values.push(value)}` };
}

/**
 * Statements as columns of another one, after its own columns, each run where that has a row of `given`: of a case, only
 * what applies is run.
 */
export function embed(parts: readonly Statement[], bind: Bind, given: string): string {
  return parts.map(({ text, values = [] }) => {
    const numbers = values.map(bind);
    const sql = text.replaceAll(/\$(\d+)/g, (_, number) => numbers[Number(number) - 1] ?? "");
    return `, case when exists (select from ${given}) then (select count(*) from (${sql}) part) end`;
  }).join("");
}

/** What the statement is to be called with these parts: each set of them is another statement. */
export function nameWith(name: string, parts: readonly Statement[]): string {
  return [name, ...parts.map((part) => (part.name ?? "").replace(/^[^.]*\./, ""))].join(".");
}
