import { currentContext } from "./context.ts";
import { counter, durations, gauges, shared } from "./metrics.ts";
import type { Pool } from "./postgres.ts";
import { currentTraceparent, inSpan, SpanKind, tracing, validTraceparent } from "./trace.ts";

const finished = counter("nano_jobs_total", "Attempts at jobs, by name and outcome.", ["job", "outcome"]);
const duration = durations(
  "nano_job_duration_seconds",
  "Duration of attempts at jobs, by name.",
  ["job"],
  [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60],
);

/** What a job says of the request that it follows: one id finds all. */
export interface Origin {
  request_id?: string;
  traceparent?: string | undefined;
}

/** The name under which it stands in the payload. */
const ORIGIN = "_origin";

/** A job's payload with what says where it came from: the ids of the request or job under way, and its trace. */
export function withOrigin(payload: unknown): unknown {
  const context = currentContext();
  if (!context || payload === null || typeof payload !== "object" || Array.isArray(payload)) return payload;
  const origin: Origin = { request_id: context.request_id, traceparent: currentTraceparent() };
  return { ...payload, [ORIGIN]: origin };
}

/** A payload as its handler knows it, and where it came from. */
export function takeOrigin(payload: unknown): { payload: unknown; origin: Origin } {
  if (payload === null || typeof payload !== "object" || !(ORIGIN in payload)) return { payload, origin: {} };
  const { [ORIGIN]: given, ...rest } = payload;
  const { request_id, traceparent } = (given ?? {}) as Record<string, unknown>;
  return {
    payload: rest,
    origin: {
      ...(typeof request_id === "string" && request_id ? { request_id } : {}),
      traceparent: typeof traceparent === "string" ? validTraceparent(traceparent) : undefined,
    },
  };
}

/** How an attempt ended; `gave_up` will not be tried again. */
export type JobOutcome = "done" | "failed" | "gave_up";

/** Counts an attempt. */
export function countJob(job: string, outcome: JobOutcome, milliseconds: number): void {
  finished.inc({ job, outcome });
  duration.observe({ job }, milliseconds / 1000);
}

/** Runs an attempt in a span of its own, which belongs to the trace of the request that added the job. */
export function inJobSpan(service: string, job: string, origin: Origin, run: () => Promise<void>): Promise<void> {
  if (!tracing) return run();
  const attributes = { "messaging.system": "graphile-worker", "messaging.destination.name": `${service}.${job}` };
  return inSpan({ name: `job ${job}`, kind: SpanKind.CONSUMER, attributes, parent: origin.traceparent ?? null }, run);
}

/** No more jobs than this are counted, so that a scrape stays cheap however long the queue is. */
const MOST = 10_000;

/** Shows how long a service's queue is, how old, and what gave up: all from one statement, at most one in 5 s. */
export function measureQueue(pool: Pool, service: string, jobs: readonly string[]): void {
  const read = shared(async () => {
    const { rows } = await pool.query<{ job: string; waiting: number; oldest: number; gave_up: number }>({
      name: `${service}.measure_queue`,
      text: `with due as (
               select task_id, run_at from ${service}_jobs._private_jobs where is_available and run_at <= now()
               order by priority, run_at limit ${MOST}
             ), dead as (
               select task_id from ${service}_jobs._private_jobs
               where attempts >= max_attempts and locked_at is null and not (key is null and coalesce(flags ? 'keyed', false))
               limit ${MOST}
             )
             select t.identifier as job,
               (select count(*)::int from due where task_id = t.id) as waiting,
               (select coalesce(extract(epoch from now() - min(run_at)), 0)::float8 from due where task_id = t.id) as oldest,
               (select count(*)::int from dead where task_id = t.id) as gave_up
             from ${service}_jobs._private_tasks t`,
    });
    return new Map(rows.map((row) => [row.job, row]));
  });
  const show = (name: string, help: string, column: "waiting" | "oldest" | "gave_up") =>
    gauges(name, help, ["job"], async () => {
      const rows = await read();
      // The tasks of other releases are none of these.
      return jobs.map((job) => ({ labels: { job }, value: rows.get(job)?.[column] ?? 0 }));
    });
  show("nano_jobs_waiting", "Jobs that are due and not begun, by name.", "waiting");
  show("nano_jobs_oldest_seconds", "For how long the oldest of the jobs that wait has been due, by name.", "oldest");
  show("nano_jobs_gave_up", "Jobs that failed for good, by name.", "gave_up");
}
