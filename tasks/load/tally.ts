import type { Reply } from "../bench/client.ts";
import { summarize } from "../bench/measure.ts";
import { type Kind, MIX } from "./generate.ts";

const KINDS = Object.keys(MIX) as Kind[];

interface Count {
  sent: number;
  ok: number;
  too_many: number;
  unavailable: number;
  other: number;
  /** Refusals of 429, 503 or 504 that don't say when to come again. */
  silent: number;
  /** Milliseconds since they were meant to be sent. */
  good: number[];
  refused: number[];
}

/** Counts what becomes of a load, by kind. */
export class Tally {
  readonly #counts = new Map<Kind, Count>(KINDS.map((kind) => [kind, empty()]));
  /** The first of what went otherwise. */
  surprise: string | undefined;

  sent(kind: Kind): void {
    this.#of(kind).sent++;
  }

  answered(kind: Kind, milliseconds: number, { status, retry, body }: Reply): void {
    const count = this.#of(kind);
    if (status < 400) {
      count.ok++;
      count.good.push(milliseconds);
      return;
    }
    count.refused.push(milliseconds);
    if (status === 429) count.too_many++;
    else if (status === 503) count.unavailable++;
    else {
      count.other++;
      this.surprise ??= `${kind}: ${status} ${new TextDecoder().decode(body.subarray(0, 200))}`;
    }
    if (!retry && [429, 503, 504].includes(status)) count.silent++;
  }

  failed(kind: Kind, error: unknown): void {
    this.#of(kind).other++;
    this.surprise ??= `${kind}: ${error}`;
  }

  /** All kinds together so far. */
  get total(): Record<"sent" | "ok" | "too_many" | "unavailable" | "other", number> {
    const sum = { sent: 0, ok: 0, too_many: 0, unavailable: 0, other: 0 };
    for (const count of this.#counts.values()) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += count[name];
    }
    return sum;
  }

  /** All figures, a row per kind. */
  rows() {
    return KINDS.map((kind) => {
      const { good, refused, ...counts } = this.#of(kind);
      return { kind, ...counts, ok_ms: summarize(good), refused_ms: summarize(refused) };
    });
  }

  #of(kind: Kind): Count {
    const count = this.#counts.get(kind);
    if (!count) throw new Error(`Cannot count ${kind} as it is no kind.`);
    return count;
  }
}

function empty(): Count {
  return { sent: 0, ok: 0, too_many: 0, unavailable: 0, other: 0, silent: 0, good: [], refused: [] };
}

/** The report as a table. */
export function tableOf(rows: ReturnType<Tally["rows"]>): string {
  const cells = rows.map(({ kind, sent, ok, too_many, unavailable, other, silent, ok_ms, refused_ms }) => [
    kind,
    ...[sent, ok, too_many, unavailable, other, silent],
    ...[ok_ms.p50, ok_ms.p95, ok_ms.p99, refused_ms.p50, refused_ms.p99].map((ms) => isNaN(ms) ? "-" : ms.toFixed(0)),
  ]);
  const head = [
    "",
    "sent",
    "ok",
    "429",
    "503",
    "other",
    "no retry",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "refused p50",
    "p99",
  ];
  const width = (at: number) => Math.max(...[head, ...cells].map((row) => String(row[at]).length));
  return [head, ...cells].map((row) =>
    row.map((cell, at) => at === 0 ? String(cell).padEnd(width(at)) : String(cell).padStart(width(at) + 2)).join("")
  ).join("\n");
}
