import { counter } from "./metrics.ts";

const reads = counter("nano_cache_reads_total", "Reads of a cache, by cache and outcome.", ["cache", "outcome"]);

/** Counts the reads of one cache, cheaply enough for the hottest path. */
export function countReads(cache: "session" | "catalogue" | "cart"): { hit(): void; miss(): void } {
  const hit = reads.labels({ cache, outcome: "hit" });
  const miss = reads.labels({ cache, outcome: "miss" });
  return { hit: () => hit.inc(), miss: () => miss.inc() };
}
