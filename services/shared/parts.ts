import type { Statement } from "./postgres.ts";

/** Adds a value to a statement; gives its SQL. */
export type Bind = (value: unknown) => string;

/** A list of values, the first of which are given, and what adds to it. */
export function binding(values: unknown[] = []): { values: unknown[]; bind: Bind } {
  return { values, bind: (value) => `$${values.push(value)}` };
}

/**
 * Statements as columns of another one, after its own columns, each run where that has a row of `given`: of a case, only
 * what applies is run. One that adds a job is `, case when exists (select from changed) then (select count(*) from
 * (select "order".put_job($7::text, …)) part) end`.
 */
export function embed(parts: readonly Statement[], bind: Bind, given: string): string {
  return parts.map(({ text, values = [] }) => {
    const numbers = values.map(bind);
    const sql = text.replaceAll(/\$(\d+)/g, (_, number) => numbers[Number(number) - 1] ?? "");
    return `, case when exists (select from ${given}) then (select count(*) from (${sql}) part) end`;
  }).join("");
}

/** PostgreSQL takes no notice of more of a name. */
const MAX_NAME = 63;

/**
 * What the statement is to be called with these parts: each set of them is another statement. One whose name would be too
 * long has none: it is planned each time.
 */
export function nameWith(name: string, parts: readonly Statement[]): string | undefined {
  const whole = [name, ...parts.map((part) => (part.name ?? "").replace(/^[^.]*\./, ""))].join(".");
  return whole.length > MAX_NAME ? undefined : whole;
}
