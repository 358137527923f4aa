import {
  type Attributes,
  type Context as OtelContext,
  context as otel,
  ProxyTracer,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { type Context, currentContext } from "./context.ts";

export { type Span, SpanKind } from "@opentelemetry/api";

const tracer = trace.getTracer("nano");

/** Whether Deno exports spans (OTEL_DENO=true). Without it nothing below is ever called: each use is behind this one `if`. */
export const tracing: boolean = !(tracer instanceof ProxyTracer);

const TRACEPARENT = /^[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-|$)/;

/** Gives a W3C traceparent back if it is one. */
export function validTraceparent(text: string | undefined | null): string | undefined {
  return text && text.length <= 128 && !text.startsWith("ff") && TRACEPARENT.test(text) ? text : undefined;
}

const HEX_32 = /^[\da-f]{32}$/;

/**
 * The trace of a request at the door: the client's, if it sent one. Else none is needed where the request's id is a
 * UUID, which then names the trace at every hop; for an id of another form one is made up.
 */
export function traceparentFor(request_id: string, given: string | undefined): string | undefined {
  const valid = validTraceparent(given);
  if (valid || HEX_32.test(request_id.replaceAll("-", ""))) return valid;
  const random = crypto.randomUUID().replaceAll("-", "");
  return `00-${random}-${random.slice(0, 16)}-00`;
}

/** The traceparent to hand on: the span's under way, else the one that came in; undefined without either. */
export function currentTraceparent(): string | undefined {
  const span = tracing ? trace.getActiveSpan()?.spanContext() : undefined;
  return span ? toTraceparent(span) : currentContext()?.traceparent;
}

/** What a log line says of its trace: without spans the sender's trace, else one named like the request, which all hops know. */
export function traceOf(context: Context | undefined): { trace?: { id: string }; span?: { id: string } } {
  const span = tracing ? trace.getActiveSpan()?.spanContext() : undefined;
  if (span) return { trace: { id: span.traceId }, span: { id: span.spanId } };
  if (!context) return {};
  if (context.traceparent) {
    return { trace: { id: context.traceparent.slice(3, 35) }, span: { id: context.traceparent.slice(36, 52) } };
  }
  const id = context.request_id.replaceAll("-", "");
  return HEX_32.test(id) ? { trace: { id } } : {};
}

/** A span's description. */
export interface SpanInput {
  name: string;
  kind: SpanKind;
  attributes: Attributes;
  /** Whose child it is: a traceparent from elsewhere, or null for nobody's; unset: that of the span under way. */
  parent?: string | undefined | null;
}

/** Runs a function within a span of its own, which ends as the function does. Only where `tracing`. */
export async function inSpan<T>(input: SpanInput, run: (span: Span) => Promise<T>): Promise<T> {
  const { span, context } = openSpan(input);
  try {
    return await otel.with(context, run, undefined, span);
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Begins a span that somebody else ends, and the context in which its children run. Only where `tracing`. */
export function openSpan({ name, kind, attributes, parent }: SpanInput): { span: Span; context: OtelContext } {
  const above = parent === undefined ? otel.active() : contextOf(parent);
  const span = tracer.startSpan(name, { kind, attributes }, above);
  return { span, context: trace.setSpan(above, span) };
}

/** Whether a span is under way: what a process does by itself, at start or by a timer, is nobody's trace. Only where `tracing`. */
export function isTraced(): boolean {
  return trace.getActiveSpan() !== undefined;
}

/** Whether the span under way is one that is exported. Only where `tracing`. */
export function isRecorded(): boolean {
  return trace.getActiveSpan()?.isRecording() ?? false;
}

/** What an unsampled parent has below it is not exported either, as long as the sampler is a parent-based one. */
const UNSAMPLED = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: "0".repeat(31) + "1",
  spanId: "0".repeat(15) + "1",
  traceFlags: 0,
});

/** Runs a function whose work Deno would open spans of its own for, where ours say it already. Only where `tracing`. */
export function withoutSpans<T>(run: () => T): T {
  return otel.with(UNSAMPLED, run);
}

/** Marks a span as failed, by the kind of the error: never with its text, which may hold what a customer wrote. */
export function failSpan(span: Span, error: unknown): void {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  span.setAttribute("error.type", String(code ?? name ?? "error").slice(0, 60));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** A span's traceparent. */
export function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/**
 * Names the server span that Deno opened for an HTTP request by its route. Deno has put the whole URL into it already,
 * and sends that beside what is set here: k8s/monitoring/README.md says how a collector takes it out. Only where
 * `tracing`.
 */
export function nameServerSpan(method: string, route: string, facts: Attributes): void {
  const span = trace.getActiveSpan();
  if (!span) return;
  span.updateName(`${method} ${route}`);
  span.setAttributes({ "http.route": route, "url.path": route, "url.full": route, "url.query": "", ...facts });
}

function contextOf(parent: string | null): OtelContext {
  const found = parent === null ? null : TRACEPARENT.exec(parent);
  if (!found) return ROOT_CONTEXT;
  const [, traceId = "", spanId = "", flags = "00"] = found;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true });
}
