import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { cpuUsage } from "node:process";
import release from "../../deno.json" with { type: "json" };

/** The metrics of this process. services/METRICS.md is the table of all; a test holds it against running processes. */
export const registry = new Registry();

const STARTED = Date.now();

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A histogram of durations in seconds. */
export function durations<L extends string>(
  name: string,
  help: string,
  labelNames: L[],
  bounds = buckets,
): Histogram<L> {
  return new Histogram({ name, help, labelNames, buckets: bounds, registers: [registry] });
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

/** A counter of what the process counts itself, read when it is scraped. */
export function total(name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** A row of a gauge that is read when it is scraped. */
export interface Sample<L extends string> {
  labels: Record<L, string>;
  value: number;
}

/** A scrape waits so long for a reading that leaves the process. */
const READ_MS = 1_000;

/** A gauge with labels whose rows are read when it is scraped; a reading that fails or is slow leaves it as it was. */
export function gauges<L extends string>(
  name: string,
  help: string,
  labelNames: L[],
  read: () => Promise<Sample<L>[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      const rows = await within(READ_MS, read()).catch(() => undefined);
      if (!rows) return;
      this.reset();
      // One without labels goes back to 0, which says something where there is nothing.
      if (labelNames.length === 0) this.remove();
      for (const { labels, value } of rows) this.set(labels, value);
    },
  });
}

/** A reading that several gauges share, and that at most one scrape in so many milliseconds makes. */
export function shared<T>(read: () => Promise<T>, milliseconds = 5_000): () => Promise<T> {
  let [latest, until]: [Promise<T> | undefined, number] = [undefined, 0];
  return () => {
    if (latest && performance.now() < until) return latest;
    until = performance.now() + milliseconds;
    return latest = read();
  };
}

/** What stands for all that a label does not tell apart. */
export const OTHER = "other";

/** Gives the value back if it is one of a closed set, else "other": what a label needs whose value comes from outside. */
export function oneOf(set: ReadonlySet<string>): (value: string | null | undefined) => string {
  return (value) => value != null && set.has(value) ? value : OTHER;
}

/** Keeps the samples of the largest by a label, and adds the rest up as "other". */
export function largest<L extends string>(samples: Sample<L>[], label: NoInfer<L>, max: number): Sample<L>[] {
  const sums = new Map<string, number>();
  for (const { labels, value } of samples) sums.set(labels[label], (sums.get(labels[label]) ?? 0) + value);
  const shown = new Set([...sums].sort(([, a], [, b]) => b - a).slice(0, max).map(([name]) => name));
  const merged = new Map<string, Sample<L>>();
  for (const { labels, value } of samples) {
    const kept = { ...labels, [label]: shown.has(labels[label]) ? labels[label] : OTHER };
    const key = JSON.stringify(kept);
    merged.set(key, { labels: kept, value: value + (merged.get(key)?.value ?? 0) });
  }
  return [...merged.values()];
}

/** What every process tells of itself: which release it is, and how its event loop and its memory are. */
export function measureProcess(service: string): void {
  gauges(
    "nano_build_info",
    "1; the release that runs, and the Deno that runs it.",
    ["service", "version", "deno"],
    () => Promise.resolve([{ labels: { service, version: release.version, deno: Deno.version.deno }, value: 1 }]),
  );
  measureEventLoop();
}

const TICK_MS = 100;

/**
 * A timer that is due each 100 ms tells how late the event loop ran it: perf_hooks' monitorEventLoopDelay answers on
 * this Deno (2.9.3), but shows microseconds where the loop was blocked for 100 ms.
 */
function measureEventLoop(): void {
  const delay = durations("nano_event_loop_delay_seconds", "How late the event loop ran a timer.", []);
  let due = performance.now() + TICK_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    delay.observe(Math.max(0, now - due) / 1000);
    due = now + TICK_MS;
  }, TICK_MS);
  Deno.unrefTimer(timer);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The reading took too long.")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

// The process itself, by Prometheus's usual names. prom-client's own would read files that the sandbox hides.
total("process_cpu_user_seconds_total", "User CPU time in seconds.", () => cpuUsage().user / 1e6);
total("process_cpu_system_seconds_total", "System CPU time in seconds.", () => cpuUsage().system / 1e6);
gauge("process_start_time_seconds", "When the process started, in seconds since the epoch.", () => STARTED / 1000);
gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => Deno.memoryUsage().rss);
gauge("nodejs_heap_size_total_bytes", "Size of V8's heap in bytes.", () => Deno.memoryUsage().heapTotal);
gauge("nodejs_heap_size_used_bytes", "What of V8's heap is used, in bytes.", () => Deno.memoryUsage().heapUsed);
gauge("nodejs_external_memory_bytes", "Memory outside of V8's heap in bytes.", () => Deno.memoryUsage().external);
