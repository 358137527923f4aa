import type { Log } from "../shared/log.ts";
import { durations, oneOf, OTHER } from "../shared/metrics.ts";
import { inSpan, SpanKind, tracing } from "../shared/trace.ts";

const CLASSES = ["", "1xx", "2xx", "3xx", "4xx", "5xx"];

/** Why a request got no answer (send_request.ts). */
const FAILURES = oneOf(
  new Set([
    "url_refused",
    "address_refused",
    "name_not_resolved",
    "connection_failed",
    "tls_failed",
    "bad_answer",
    "too_large",
    "timed_out",
  ]),
);

const duration = durations(
  "nano_outgoing_request_duration_seconds",
  "Duration of requests to the world outside, by kind and what came of them.",
  ["kind", "outcome"],
  [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
);

/** What became of a request. */
interface Answer {
  status?: number;
  error?: string;
}

/**
 * Gives what makes a request and tells of it: the metric, a span, and a line of the log; with its host only, as the path
 * may be secret.
 */
export function observeOutgoing(log: Log) {
  return async <T extends Answer>(kind: "webhook" | "image", url: string, send: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const domain = URL.parse(url)?.hostname ?? "";
    const answer = tracing ? await traced(kind, domain, send) : await send();
    const milliseconds = performance.now() - started;
    const { status, error } = answer;
    const outcome = status === undefined ? FAILURES(error) : CLASSES[Math.floor(status / 100)] ?? OTHER;
    duration.observe({ kind, outcome }, milliseconds / 1000);
    log.info({
      destination: { domain },
      event: { duration: Math.round(milliseconds * 1e6), outcome: outcome === "2xx" ? "success" : "failure" },
    }, `${kind} to ${domain}: ${status ?? error}`);
    return answer;
  };
}

function traced<T extends Answer>(kind: string, domain: string, send: () => Promise<T>): Promise<T> {
  return inSpan({ name: kind, kind: SpanKind.CLIENT, attributes: { "server.address": domain } }, async (span) => {
    const answer = await send();
    if (answer.status !== undefined) span.setAttribute("http.response.status_code", answer.status);
    if (answer.error) span.setAttribute("error.type", FAILURES(answer.error));
    return answer;
  });
}
