import { type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Context } from "./context.ts";
import { ERROR_KINDS, type NanoError } from "./errors.ts";
import type { Log } from "./log.ts";
import { counter, durations, gauge } from "./metrics.ts";
import { served as servedAt } from "./peers.ts";
import { failSpan, inSpan, openSpan, type Span, SpanKind, toTraceparent, tracing, validTraceparent } from "./trace.ts";

/**
 * Holds a W3C traceparent. Deno opens spans of its own for node:http2 and overwrites `traceparent` with theirs; they
 * would double ours, so its are left out by an unsampled parent, and ours travel under another name.
 */
const TRACEPARENT = "nano-traceparent";

let underWay = 0;

/** Registered by the first server and the first client only, as the gateway serves no RPC, and deliver calls none. */
const ofServer = once(() => {
  gauge("nano_rpc_calls_under_way", "RPCs that are being served.", () => underWay);
  return {
    served: durations("nano_rpc_duration_seconds", "Duration of RPCs served, by method and status.", [
      "method",
      "status",
    ]),
    refusals: counter("nano_rpc_refusals_total", "RPCs refused, by method and the error's code.", ["method", "code"]),
  };
});
const ofClient = once(() =>
  durations(
    "nano_rpc_client_duration_seconds",
    "Duration of RPCs called, by the service that serves them, method and status.",
    ["service", "method", "status"],
  )
);

/** What serves one call: it calls `done`, once, with the error, and what was thrown, or neither. */
type Work = (done: (error?: NanoError, thrown?: unknown) => void) => Promise<void>;

/** Statuses by which a process says that it, or what it needs, can't. */
const OURS = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);
const SLOW_MS = 1_000;
/** The most lines a second about such calls: an overload fails thousands, and the metrics count them all. */
const MOST_LINES = 20;

let [second, told] = [0, 0];

function mayTell(now: number): boolean {
  if (Math.floor(now / 1000) !== second) [second, told] = [Math.floor(now / 1000), 0];
  return ++told <= MOST_LINES;
}

/** Serves the calls of a method: counted as under way, timed, and each in a span of its own where there are spans. */
export function servedBy(
  method: string,
  path: string,
  log: Log,
): (traceparent: string | undefined, work: Work) => Promise<void> {
  const { served, refusals } = ofServer();
  const name = path.slice(1);
  // What deliver does takes as long as others' servers do.
  const slow = name.includes("DeliverService") ? Infinity : SLOW_MS;
  return (traceparent, work) => {
    const started = performance.now();
    underWay++;
    const done = (error?: NanoError, thrown?: unknown, span?: Span) => {
      underWay--;
      const code = error ? status[ERROR_KINDS[error.kind].grpc] ?? "UNKNOWN" : "OK";
      const milliseconds = performance.now() - started;
      served.observe({ method, status: code }, milliseconds / 1000);
      if (error) refusals.inc({ method, code: error.code });
      if (error && span) failSpan(span, error);
      const failed = OURS.has(code) || milliseconds > slow;
      if (failed ? mayTell(started + milliseconds) : log.isLevelEnabled("debug")) {
        const event = { duration: Math.round(milliseconds * 1e6), outcome: error ? "failure" : "success" };
        const cause = causeOf(thrown);
        const facts = { event, rpc: { method, status: code }, ...(cause ? { error: { code: cause } } : {}) };
        if (failed) log.warn(facts, `${method} ${code} after ${Math.round(milliseconds)} ms ${cause ?? ""}`.trimEnd());
        else log.debug(facts, `${method} ${code}`);
      }
    };
    if (!tracing) return work(done);
    return inSpan(
      { name, kind: SpanKind.SERVER, attributes: rpcAttributes(name), parent: traceparent ?? null },
      (span) => work((error, thrown) => done(error, thrown, span)),
    );
  };
}

/** The code of what was thrown, such as PostgreSQL's 55P03 where a lock was not to be had. */
function causeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? code : undefined;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/** Begins a call of a neighbour's method: its metadata tells the trace. The answer ends it, with the error or none. */
export function calledBy(method: string, path: string): (context: Context, metadata: Metadata) => Ended {
  const name = path.slice(1);
  const service = servedAt(path).callee;
  const called = ofClient();
  return ({ traceparent }, metadata) => {
    const started = performance.now();
    const span = tracing ? openSpan({ name, kind: SpanKind.CLIENT, attributes: rpcAttributes(name) }).span : undefined;
    const handed = span ? toTraceparent(span.spanContext()) : traceparent;
    if (handed) metadata.set(TRACEPARENT, handed);
    return (error) => {
      const code = error ? status[error.code ?? status.UNAVAILABLE] ?? "UNKNOWN" : "OK";
      called.observe({ service, method, status: code }, (performance.now() - started) / 1000);
      if (!span) return;
      if (error) failSpan(span, { code });
      span.end();
    };
  };
}

type Ended = (error: Pick<ServiceError, "code"> | null) => void;

/** The trace context that a call came with, for the context in which it is served. */
export function traceparentOf(metadata: Metadata): string | undefined {
  const value = metadata.get(TRACEPARENT)[0];
  return typeof value === "string" ? validTraceparent(value) : undefined;
}

function rpcAttributes(name: string) {
  const [service = "", method = ""] = name.split("/");
  return { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
}
