/** Durations in milliseconds. */
export interface Timing {
  p50: number;
  p95: number;
  p99: number;
  worst: number;
}

/** Percentiles by nearest rank, rounded to a tenth of a millisecond. */
export function summarize(taken: number[]): Timing {
  const sorted = Float64Array.from(taken).sort();
  const at = (share: number) => {
    const value = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
    return Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: at(1) };
}
