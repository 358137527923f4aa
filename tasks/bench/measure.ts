/** Durations in milliseconds. */
export interface Timing {
  p50: number;
  p95: number;
  p99: number;
  worst: number;
}

/** Times a piece of work, one at a time, after a few runs that warm it up. */
export async function measure(times: number, work: () => Promise<void>, warmUp = 10): Promise<Timing> {
  for (let i = 0; i < warmUp; i++) await work();
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await work();
    taken.push(performance.now() - started);
  }
  return summarize(taken);
}

/** Percentiles by nearest rank, rounded to a tenth of a millisecond. */
export function summarize(taken: number[]): Timing {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
    return Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: at(1) };
}
