import type { Histogram, Registry } from "prom-client";

/** The observations with one combination of labels. */
interface Series<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  /** How many lie in each bucket alone, and beyond the last. */
  readonly counts: number[];
  sum: number;
  count: number;
}

/**
 * A histogram as prom-client's own, and shown by its registry just so. That one checks and hashes the labels anew for each
 * observation and looks its buckets up by fractions as texts; a process makes some hundred of them for one checkout.
 */
export class Durations<L extends string> {
  readonly type = "histogram";
  readonly aggregator = "sum";
  #series = new Map<string, Series<L>>();

  constructor(
    readonly name: string,
    readonly help: string,
    readonly labelNames: readonly L[],
    readonly bounds: readonly number[],
    registry: Registry,
  ) {
    this.reset();
    registry.registerMetric(this as unknown as Histogram<L>);
  }

  /** Counts a duration in seconds, where there are no labels. */
  observe(this: Durations<never>, seconds: number): void;
  observe(labels: Readonly<Record<L, string>>, seconds: number): void;
  observe(labels: Readonly<Record<L, string>> | number, seconds = 0): void {
    const series = typeof labels === "number" ? this.#of({} as Record<L, string>) : this.#of(labels);
    const value = typeof labels === "number" ? labels : seconds;
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket++;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count++;
  }

  /** Forgets all observations. */
  reset(): void {
    this.#series = new Map();
    // What has no labels is shown from the start.
    if (this.labelNames.length === 0) this.#of({} as Record<L, string>);
  }

  /** For the registry: every line of it. */
  get() {
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values: [...this.#series.values()].flatMap(this.#lines) });
  }

  #of(labels: Readonly<Record<L, string>>): Series<L> {
    let key = "";
    for (const name of this.labelNames) key += `${labels[name]}\n`;
    const found = this.#series.get(key);
    if (found) return found;
    const made = { labels, counts: Array<number>(this.bounds.length + 1).fill(0), sum: 0, count: 0 };
    this.#series.set(key, made);
    return made;
  }

  readonly #lines = ({ labels, counts, sum, count }: Series<L>) => {
    let below = 0;
    const buckets = this.bounds.map((le, index) => {
      below += counts[index] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_bucket`, labels: { le: "+Inf", ...labels }, value: count },
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  };
}
