import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of this process. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });
// prom-client reads these from /proc, which the sandbox hides: they would be 0 for ever.
const HIDDEN = ["process_resident_memory_bytes", "process_virtual_memory_bytes", "process_heap_bytes"];
for (const name of [...HIDDEN, "process_open_fds", "process_max_fds"]) registry.removeSingleMetric(name);
gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => Deno.memoryUsage().rss);

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A histogram of durations in seconds. */
export function durations<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
  return new Histogram({ name, help, labelNames, buckets, registers: [registry] });
}

/** A counter. */
export function counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

/** A gauge that is read when it is scraped. */
export function gauge(name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** A gauge with labels whose rows are read when it is scraped; a reading that fails leaves it as it was. */
export function gauges<L extends string>(
  name: string,
  help: string,
  labelNames: L[],
  read: () => Promise<{ labels: Record<L, string>; value: number }[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      const rows = await read().catch(() => undefined);
      if (!rows) return;
      this.reset();
      for (const { labels, value } of rows) this.set(labels, value);
    },
  });
}
