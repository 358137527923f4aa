import { durations, gauge } from "../services/shared/metrics.ts";
import { nameServerSpan, tracing } from "../services/shared/trace.ts";
import { log } from "./log.ts";
import { define } from "./utils.ts";

const REQUEST_ID = /^[\w.:-]{1,128}$/;
/** What a metric tells apart: a client may make up methods and paths without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const CLASSES = ["", "1xx", "2xx", "3xx", "4xx", "5xx"];
/** More at once would only wait for each other: a page is up to a dozen calls of the gateway. */
const MOST = 256;

const duration = durations(
  "nano_console_request_duration_seconds",
  "Duration of the console's requests by route template.",
  ["method", "route", "status"],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
);
let underWay = 0;
gauge("nano_console_requests_under_way", "Requests to the console that were not answered yet.", () => underWay);

/**
 * Tells of each request: a line of the log (files and scripts at DEBUG only), the metrics, the span's name. Never the
 * query, which may hold a mail's token. Beyond 256 at a time all are refused at once, by 503.
 */
export const observe = define.middleware(async (ctx) => {
  const { req, state, url } = ctx;
  const started = performance.now();
  const given = req.headers.get("X-Request-Id") ?? "";
  state.request_id = REQUEST_ID.test(given) ? given : crypto.randomUUID();
  underWay++;
  let response: Response | undefined;
  try {
    response = underWay > MOST ? busy() : await ctx.next();
    response.headers.set("X-Request-Id", state.request_id);
    return response;
  } finally {
    underWay--;
    const milliseconds = performance.now() - started;
    const status = response?.status ?? 500;
    const isFile = ctx.route === null && status < 400;
    const route = ctx.route ?? (isFile ? "file" : "other");
    const method = METHODS.has(req.method) ? req.method : "other";
    duration.observe({ method, route, status: CLASSES[Math.floor(status / 100)] ?? "5xx" }, milliseconds / 1000);
    const id = state.request_id;
    if (tracing) nameServerSpan(method, route, { "http.request.id": id });
    const path = url.pathname.slice(0, 200);
    log()[isFile ? "debug" : "info"]({
      http: { request: { id, method }, response: { status_code: status } },
      url: { path, route },
      event: { duration: Math.round(milliseconds * 1e6) },
      ...(state.user ? { user: { id: state.user.id } } : {}),
      ...(state.store ? { labels: { store: state.store.id } } : {}),
    }, `${method} ${path} ${status}`);
  }
});

function busy(): Response {
  return new Response("The console is busy: try again in a moment.", { status: 503, headers: { "Retry-After": "1" } });
}
