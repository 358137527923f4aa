import { type NanoError, unavailable } from "./errors.ts";
import { counter } from "./metrics.ts";

const refused = counter("nano_requests_refused_total", "Requests refused for overload, by what was full.", ["reason"]);

/** The refusal of what finds a bounded queue full, counted: 503, to be tried again. */
export function overloaded(reason: "checkouts" | "calls" | "gateway" | "pool"): NanoError {
  refused.inc({ reason });
  return unavailable();
}
