import { routePath } from "@hono/hono/route";
import { countReads } from "../shared/cache_metrics.ts";
import type { Context } from "../shared/context.ts";
import type { Log } from "../shared/log.ts";
import { durations, gauge } from "../shared/metrics.ts";
import { nameServerSpan, tracing } from "../shared/trace.ts";
import { accessLog } from "./access_log.ts";
import type { RequestContext } from "./env.ts";

/** What a metric tells apart: a client may make up methods without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Asked each few seconds by machines: in the metrics, but in the log at DEBUG only. */
const PROBES = new Set(["/healthz", "/health", "/readyz"]);
const CLASSES = ["", "1xx", "2xx", "3xx", "4xx", "5xx"];

const duration = durations("nano_http_request_duration_seconds", "Duration of HTTP requests by route template.", [
  "method",
  "route",
  "status",
]);
let underWay = 0;
gauge("nano_http_requests_under_way", "HTTP requests that were not answered yet.", () => underWay);

/** What is told of an answer. */
export interface Answered {
  context: Context;
  method: string;
  path: string;
  route: string;
  status: number;
  /** When the request came, by performance.now(). */
  started: number;
  bytes: number | undefined;
  store: string | undefined;
}

/** What tells of an answer that went the short way (fast_path.ts): a line of the access log, and the metrics. */
export function observeAnswers(log: Log): (answer: Answered) => void {
  const write = accessLog(log);
  const reads = countReads("catalogue");
  return ({ started, ...answer }) => {
    reads.hit();
    const milliseconds = performance.now() - started;
    const { method, route, status } = answer;
    duration.observe({ method, route, status: CLASSES[Math.floor(status / 100)] ?? "5xx" }, milliseconds / 1000);
    if (log.isLevelEnabled("info")) write({ ...answer, nanoseconds: Math.round(milliseconds * 1e6) });
  };
}

/** Counts an answer that was refused at the door (shed.ts): in the metrics under its resource, in no log. */
export function observeRefusal(method: string, resource: string): void {
  duration.observe({ method, route: `/${resource}`, status: "5xx" }, 0);
}

/** Gives what begins a request; what that gives ends it: one line of the access log, the metrics, the span's name. */
export function observeRequests(log: Log): (c: RequestContext, context: Context) => () => void {
  const write = accessLog(log);
  return (c, context) => {
    const started = performance.now();
    underWay++;
    return () => {
      underWay--;
      const milliseconds = performance.now() - started;
      const { method, path } = c.req;
      const { status } = c.res;
      const route = routeOf(c);
      const verb = METHODS.has(method) ? method : "other";
      duration.observe(
        { method: verb, route, status: CLASSES[Math.floor(status / 100)] ?? "5xx" },
        milliseconds / 1000,
      );
      const store = c.get("store");
      if (tracing) {
        nameServerSpan(verb, route, {
          "http.request.id": context.request_id,
          ...(store ? { "nano.store": store } : {}),
        });
      }
      if (!log.isLevelEnabled(PROBES.has(path) ? "debug" : "info")) return;
      const length = c.get("bytes") ?? c.res.headers.get("Content-Length");
      const bytes = length == null ? undefined : Number(length);
      write({ context, method, path, route, status, nanoseconds: Math.round(milliseconds * 1e6), bytes, store });
    };
  };
}

/**
 * The template of what a request is for, also where it was refused on the way. The last that fits is a middleware's,
 * for what stands before that (probes, providers' webhooks): then the one that answered.
 */
function routeOf(c: RequestContext): string {
  const last = routePath(c, -1);
  return last === "/*" ? routePath(c) : last;
}
