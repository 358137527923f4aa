import type { Reply } from "../bench/client.ts";
import { summarize, type Timing } from "../bench/measure.ts";
import { type Kind, MIX } from "./generate.ts";

const KINDS = Object.keys(MIX) as Kind[];

/** How long an answer took from when it was due, and what of it passed before it was asked for; in milliseconds. */
export interface Took {
  ms: number;
  late: number;
}

interface Count {
  sent: number;
  ok: number;
  too_many: number;
  unavailable: number;
  other: number;
  /** Refusals of 429, 503 or 504 that don't say when to come again. */
  silent: number;
  good: Took[];
  refused: Took[];
}

/** Counts what becomes of a load, by kind. */
export class Tally {
  readonly #counts = new Map<Kind, Count>(KINDS.map((kind) => [kind, empty()]));
  readonly #ticks: number[] = [];
  /** The first of what went otherwise. */
  surprise: string | undefined;

  sent(kind: Kind): void {
    this.#of(kind).sent++;
  }

  answered(kind: Kind, took: Took, { status, retry, body }: Reply): void {
    const count = this.#of(kind);
    if (status < 400) {
      count.ok++;
      count.good.push(took);
      return;
    }
    count.refused.push(took);
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

  /** The generator looked at its clock so many milliseconds late. */
  ticked(late: number): void {
    this.#ticks.push(late);
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
      return {
        kind,
        ...counts,
        ok_ms: summarize(good.map(({ ms }) => ms)),
        refused_ms: summarize(refused.map(({ ms }) => ms)),
      };
    });
  }

  /** How long answers took that are no refusals, all kinds together. */
  get all(): Timing {
    return summarize([...this.#counts.values()].flatMap(({ good }) => good.map(({ ms }) => ms)));
  }

  /** How late the generator was, and what answers and refusals took without that: all kinds together. */
  get own(): Record<"late" | "tick" | "ok" | "refused", Timing> {
    const counts = [...this.#counts.values()];
    const [good, refused] = [counts.flatMap(({ good }) => good), counts.flatMap(({ refused }) => refused)];
    const served = (all: Took[]) => summarize(all.map(({ ms, late }) => ms - late));
    return {
      late: summarize([...good, ...refused].map(({ late }) => late)),
      tick: summarize(this.#ticks),
      ok: served(good),
      refused: served(refused),
    };
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

const HEAD = ["", "sent", "ok", "429", "503", "other", "no retry"];
const TIMES = ["p50", "p95", "p99"] as const;

/** The report as a table; the right half are milliseconds from when each was due. */
export function tableOf(rows: ReturnType<Tally["rows"]>): string {
  const cells = rows.map(({ kind, sent, ok, too_many, unavailable, other, silent, ok_ms, refused_ms }) => [
    kind,
    ...[sent, ok, too_many, unavailable, other, silent].map(String),
    ...[ok_ms, refused_ms].flatMap((timing) => TIMES.map((name) => shown(timing[name]))),
  ]);
  const head = [...HEAD, "ok p50 ms", "p95", "p99", "refused p50 ms", "p95", "p99"];
  const width = (at: number) => Math.max(...[head, ...cells].map((row) => row[at]?.length ?? 0));
  return [head, ...cells].map((row) =>
    row.map((cell, at) => at === 0 ? cell.padEnd(width(at)) : cell.padStart(width(at) + 2)).join("")
  ).join("\n");
}

/** What of the figures is the generator's own delay, and what they are without it. */
export function ownDelay({ late, tick, ok, refused }: Tally["own"]): string {
  const times = (timing: Timing) => TIMES.map((name) => shown(timing[name])).join(" / ");
  return [
    "the load's own delay, as it shares the machine, in ms (p50 / p95 / p99):",
    `  asked late ${times(late)}, its clock late ${times(tick)}`,
    `  without what it asked late: ok ${times(ok)}, refused ${times(refused)}`,
  ].join("\n");
}

function shown(milliseconds: number): string {
  return isNaN(milliseconds) ? "-" : milliseconds.toFixed(0);
}
