import { type NanoError, unavailable } from "./errors.ts";
import { counter } from "./metrics.ts";

const refused = counter("nano_requests_refused_total", "Requests refused for overload, by what was full.", ["reason"]);

type Reason = "checkouts" | "calls" | "gateway" | "pool";

/** The refusal of what finds a bounded queue full, counted: 503, to be tried again. */
export function overloaded(reason: Reason): NanoError {
  countRefusal(reason);
  return unavailable();
}

/** Counts a refusal that is told without an error. */
export function countRefusal(reason: Reason): void {
  refused.inc({ reason });
}
