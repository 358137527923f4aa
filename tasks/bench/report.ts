import type { LoadResult } from "./load.ts";

/** What one round of one case gave. */
export interface Round extends LoadResult {
  /** CPU milliseconds by process, over the round. */
  cpu: Record<string, number>;
  /** The share of the machine that others used. */
  others: number;
}

/** A case over all rounds; figures are medians of the rounds. */
export interface Row {
  name: string;
  /** The floor that it is compared with, if it is none itself. */
  floor?: string;
  per_second: number;
  p50: number;
  p95: number;
  p99: number;
  errors: number;
  error?: string;
  /** Of the floor's rate. */
  ratio?: number;
  /** The floor's CPU per request to this one's. */
  cpu_ratio?: number;
  /** CPU milliseconds per request, by process; the load's own not counted. */
  cpu_ms: Record<string, number>;
  cpu_ms_total: number;
  /** How far the rounds' rates are apart, of their median. */
  spread: number;
  others: number;
}

/** What is measured with, and not part of the shop. */
export const LOAD = "load";

/** Sums the rounds up. */
export function rowOf(name: string, floor: string | undefined, rounds: Round[]): Row {
  const rates = rounds.map(({ done, seconds }) => done / seconds);
  const per_second = median(rates);
  const requests = rounds.reduce((sum, { done }) => sum + done, 0) || 1;
  const names = [...new Set(rounds.flatMap(({ cpu }) => Object.keys(cpu)))];
  const used = names.map((name) =>
    [name, rounds.reduce((sum, { cpu }) => sum + (cpu[name] ?? 0), 0) / requests] as const
  );
  const counted = used.filter(([name, ms]) => name !== LOAD && ms > 0);
  const error = rounds.find(({ error }) => error)?.error;
  return {
    name,
    ...(floor ? { floor } : {}),
    per_second: rounded(per_second, 1),
    p50: median(rounds.map(({ p50 }) => p50)),
    p95: median(rounds.map(({ p95 }) => p95)),
    p99: median(rounds.map(({ p99 }) => p99)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    ...(error ? { error } : {}),
    cpu_ms: Object.fromEntries(counted.map(([name, ms]) => [name, rounded(ms, 4)])),
    cpu_ms_total: rounded(counted.reduce((sum, [, ms]) => sum + ms, 0), 4),
    spread: rounded((Math.max(...rates) - Math.min(...rates)) / (per_second || 1), 3),
    others: rounded(median(rounds.map(({ others }) => others)), 3),
  };
}

/** Adds how each case compares with its floor. */
export function compare(rows: Row[]): Row[] {
  return rows.map((row) => {
    const floor = rows.find(({ name }) => name === row.floor);
    if (!floor) return row;
    return {
      ...row,
      ratio: rounded(row.per_second / floor.per_second, 2),
      cpu_ratio: rounded(floor.cpu_ms_total / row.cpu_ms_total, 2),
    };
  });
}

const COLUMNS: [string, (row: Row) => string][] = [
  ["per second", (row) => row.per_second.toFixed(row.per_second < 100 ? 1 : 0)],
  ["p50 ms", (row) => row.p50.toFixed(1)],
  ["p95 ms", (row) => row.p95.toFixed(1)],
  ["p99 ms", (row) => row.p99.toFixed(1)],
  ["errors", (row) => String(row.errors)],
  ["of floor", (row) => row.ratio?.toFixed(2) ?? "-"],
  ["by CPU", (row) => row.cpu_ratio?.toFixed(2) ?? "-"],
  ["CPU ms", (row) => row.cpu_ms_total.toFixed(3)],
  ["spread", (row) => `${Math.round(row.spread * 100)} %`],
];

/** The table, and below it where each request's CPU time went. */
export function table(rows: Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const line = (name: string, cells: string[]) => name.padEnd(width) + cells.map((cell) => cell.padStart(11)).join("");
  const shares = rows.map(({ name, cpu_ms }) =>
    name.padEnd(width) + Object.entries(cpu_ms).toSorted(([, a], [, b]) => b - a).filter(([, ms]) => ms >= 0.001)
      .map(([process, ms]) => `${process} ${ms.toFixed(3)}`).join(", ")
  );
  return [
    line("", COLUMNS.map(([title]) => title)),
    ...rows.map((row) => line(row.name, COLUMNS.map(([, cell]) => cell(row)))),
    "",
    "CPU milliseconds per request, by process",
    ...shares,
  ].join("\n");
}

const [MAX_SPREAD, MAX_OTHERS] = [0.15, 0.1];

/** What makes the figures doubtful; nothing on a quiet machine. */
export function doubts(rows: Row[]): string[] {
  const wide = rows.filter(({ spread }) => spread > MAX_SPREAD).map(({ name }) => name);
  const shared = rows.filter(({ others }) => others > MAX_OTHERS).map(({ name }) => name);
  return [
    ...(wide.length ? [`the rounds are more than ${MAX_SPREAD * 100} % apart: ${wide.join(", ")}`] : []),
    ...(shared.length ? [`others used more than ${MAX_OTHERS * 100} % of the machine: ${shared.join(", ")}`] : []),
    ...rows.filter(({ errors }) => errors > 0).map(({ name, errors, error }) => `${name}: ${errors} errors, ${error}`),
  ];
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
