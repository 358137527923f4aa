import { Logger, run, type Runner, type Task, type WorkerEvents, type WorkerPool } from "graphile-worker";
import { EventEmitter } from "node:events";
import pg from "pg";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { SYSTEM, withContext } from "./context.ts";
import { newId } from "./ids.ts";
import { countJob, inJobSpan, takeOrigin, withOrigin } from "./job_telemetry.ts";
import type { Log } from "./log.ts";
import { onCommit, PromptClient, type Sql, STATEMENT_TIMEOUT_MS, TURN_MS, type Tx } from "./postgres.ts";

/** How long one attempt at a job may take. */
const ATTEMPT_MS = 60_000;

/** After so long without an end, the process that took a job is dead: the library itself would wait for 4 hours. */
const DEAD = "75 seconds";
const LOOK_FOR_DEAD_MS = 15_000;

/** How long after its end a runner that gave up is started again. */
const START_AGAIN_MS = 1_000;

/** How long what it has under way may take to end then. */
const END_MS = 10_000;

/** How a service's jobs are run, where not as usual. */
export interface JobsOptions {
  /** Which run by themselves, and when. */
  crontab?: string | undefined;
  /** How many run at a time. */
  concurrency?: number | undefined;
  /**
   * Jobs are taken and ended several at a time, in rounds of so long: one by one that costs more than most of them do.
   * Those of one queue run one a round.
   */
  round_ms?: number | undefined;
}

/** When and how a job runs. */
export interface JobOptions {
  /** Only one waiting job has this key; adding it again replaces that one. */
  key?: string;
  /** Not before this time. */
  run_at?: Date | undefined;
  /** Or not before so long from now by the database's clock, such as "15 minutes". */
  after?: string | undefined;
  /** After so many attempts it rests for good, to be looked at; 25 are about 7 days. */
  max_attempts?: number;
  /** Jobs of one queue run one after another. */
  queue?: string;
}

/** Marks jobs that had a key, also once it was taken from them. */
const KEYED = "keyed";

/** Adds a job in the transaction of the change that it follows; it keeps the request's id and trace. `service` is the service's own name. */
export async function addJob(
  tx: Sql,
  service: string,
  name: string,
  payload: unknown,
  options: JobOptions = {},
): Promise<void> {
  await addJobs(tx, service, [{ name, payload, ...options }]);
}

/** A job that is to be added. */
export interface NewJob extends JobOptions {
  name: string;
  payload: unknown;
}

/** So many at a time are added one by one, by a statement that is prepared once for each number. */
const FEW = 8;

/** Adds several jobs, no two with one key, by one statement. */
export async function addJobs(tx: Sql, service: string, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length === 0) return;
  const columns: [type: string, of: (job: NewJob) => unknown][] = [
    ["text", ({ name }) => name],
    ["json", ({ payload }) => JSON.stringify(withOrigin(payload))],
    ["timestamptz", ({ run_at }) => run_at ?? null],
    ["interval", ({ after }) => after ?? null],
    ["int", ({ max_attempts }) => max_attempts ?? 25],
    ["text", ({ key }) => key ?? null],
  ];
  if (jobs.length <= FEW && !jobs.some(({ queue }) => queue)) {
    const row = (_job: NewJob, index: number) =>
      `"${service}".put_job(${columns.map(([type], at) => `$${index * columns.length + at + 1}::${type}`).join(", ")})`;
    await tx.query({
      name: `${service}.add_jobs.${jobs.length}`,
      text: `select ${jobs.map(row).join(", ")}`,
      values: jobs.flatMap((job) => columns.map(([, of]) => of(job))),
    });
  } else {
    await tx.query({
      name: `${service}.add_jobs`,
      text: `select from ${service}_jobs.add_jobs(array(
               select (name, payload, queue, coalesce(run_at, now() + after), attempts, key,
                 -- As put_job does, so that all else goes first.
                 case name when 'publish_event' then 1 else 0 end,
                 case when key is not null then array['${KEYED}'] end)::${service}_jobs.job_spec
               from unnest($1::text[], $2::json[], $3::timestamptz[], $4::interval[], $5::int[], $6::text[], $7::text[])
                 as job (name, payload, run_at, after, attempts, key, queue)))`,
      values: [...columns.map(([, of]) => jobs.map(of)), jobs.map(({ queue }) => queue ?? null)],
    });
  }
  const due = jobs.filter(({ run_at, after }) => !run_at && (after === undefined || after.startsWith("0 "))).length;
  if (due === 0) return;
  if (tx instanceof pg.Pool) wake(service, due);
  else onCommit(tx as Tx, () => wake(service, due));
}

/** The workers of this process, by service. */
const workers = new Map<string, WorkerPool>();

/**
 * Has this process look at once for jobs that it has just added; others find them within a second. Not by NOTIFY, which
 * would wake the workers of every service, and lets only one transaction of the whole server commit at a time.
 */
function wake(service: string, jobs: number): void {
  try {
    workers.get(service)?.nudge(jobs);
  } catch {
    // They are going down: another process, or the next one, finds the jobs.
  }
}

/** Takes back the job with a key, for its work is done. */
export async function removeJob(sql: Sql, service: string, key: string): Promise<void> {
  await sql.query({ name: `${service}.remove_job`, text: `select from ${service}_jobs.remove_job($1)`, values: [key] });
}

/** Tells the store service, and through it the merchants, what happened: stored with the change or not at all. */
export async function emitEvent(
  tx: Sql,
  service: string,
  type: string,
  store_id: string,
  data: unknown,
): Promise<void> {
  await addJobs(tx, service, [eventJob(type, store_id, data)]);
}

/** The job that tells of an event, for addJobs. */
export function eventJob(type: string, store_id: string, data: unknown): NewJob {
  const event: Event = { id: newId(), type, store_id, time: new Date(), data_json: JSON.stringify(data) };
  return { name: "publish_event", payload: event };
}

/** The same for many, in one statement: the data of each. */
export async function emitEvents(
  tx: Sql,
  service: string,
  type: string,
  store_id: string,
  data: readonly unknown[],
): Promise<void> {
  await addJobs(tx, service, data.map((one) => eventJob(type, store_id, one)));
}

/** Jobs that run until they are told to stop; the promise settles once all has ended. */
export interface JobRunner {
  stop(): Promise<void>;
  readonly promise: Promise<void>;
}

/** What runs each job, by its name. */
export type JobHandlers = Record<string, (payload: unknown) => Promise<void>>;

/**
 * Runs a service's jobs on connections of its own. Each attempt acts as the system with a deadline of 60 s; one that
 * throws is tried again with growing pauses. Handlers are idempotent.
 */
export async function runJobs(
  config: { DATABASE_URL: string; DATABASE_DIRECT_URL?: string | undefined },
  service: string,
  handlers: JobHandlers,
  log: Log,
  { crontab = "", concurrency = 10, round_ms = 100 }: JobsOptions = {},
): Promise<JobRunner> {
  const taskList = Object.fromEntries(
    Object.entries(handlers).map(([name, handle]): [string, Task] => [name, (given, { job }) => {
      const { payload, origin } = takeOrigin(given);
      const context = {
        request_id: origin.request_id ?? `job-${service}-${job.id}`,
        actor: SYSTEM,
        deadline: Date.now() + ATTEMPT_MS,
        traceparent: origin.traceparent,
      };
      const attempt = async () => {
        const started = performance.now();
        const facts = { job: name, attempt: job.attempts };
        try {
          await handle(payload);
          const milliseconds = performance.now() - started;
          countJob(name, "done", milliseconds);
          log.debug({ ...facts, event: { duration: Math.round(milliseconds * 1e6) } }, "a job is done");
        } catch (error) {
          const last = job.attempts >= job.max_attempts;
          countJob(name, last ? "gave_up" : "failed", performance.now() - started);
          const line = { err: error, ...facts };
          if (last) log.error(line, "a job failed for good");
          else log.warn(line, "a job failed and will be tried again");
          throw error;
        }
      };
      return withContext(context, () => inJobSpan(service, name, origin, attempt));
    }]),
  );
  const pgPool = new pg.Pool({
    connectionString: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    max: 3,
    // Where the server goes away while it is being reached or asked, nobody would look for jobs any more.
    connectionTimeoutMillis: TURN_MS,
    Client: PromptClient,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // Here only the worker takes jobs and ends them, none is made and no handler writes: what a crash of the database
    // forgets of that is done again. It saves two waits for the disk a job.
    options: "-c synchronous_commit=off",
  });
  const lost = (error: Error) => log.warn({ err: error }, "a database connection of the jobs was lost");
  pgPool.on("error", lost);
  // graphile-worker asks for a listener on each client too.
  pgPool.on("connect", (client) => client.on("error", lost));
  const events: WorkerEvents = new EventEmitter();
  events.on("pool:create", ({ workerPool }) => workers.set(service, workerPool));
  events.on("pool:fatalError", ({ workerPool }) => {
    // By itself it waits for ever where two more of its jobs have ended since: the library counts those twice.
    const end = async () => void await workerPool.forcefulShutdown("it did not end by itself");
    const timer = setTimeout(() => end().catch(() => {}), END_MS);
    workerPool.promise.catch(() => {}).finally(() => clearTimeout(timer));
  });
  const refetchDelay = { durationMs: round_ms, threshold: concurrency - 1, maxAbortThreshold: 2 * concurrency };
  const start = () =>
    run({
      // What was taken and not begun goes back soon, so that with its own 60 s no job is taken for dead that is not.
      preset: {
        worker: { localQueue: { size: concurrency, ttl: 10_000, refetchDelay }, completeJobBatchDelay: round_ms },
      },
      pgPool,
      events,
      schema: `${service}_jobs`,
      taskList,
      crontab,
      concurrency,
      pollInterval: 1000,
      noHandleSignals: true,
      logger: quietLogger(log),
    });
  const release = () =>
    releaseDeadJobs(pgPool, service).catch((error) =>
      log.warn({ err: error }, "jobs of dead processes were not released")
    );
  const runner = await keepRunning(start, log);
  await release();
  const timer = setInterval(release, LOOK_FOR_DEAD_MS);
  const promise = runner.promise.then(() => {
    clearInterval(timer);
    workers.delete(service);
    return pgPool.end();
  });
  return { stop: runner.stop, promise };
}

/**
 * Runs a runner until it is told to stop, and another one after each that ends by itself, as one does that can't write
 * down how jobs ended because the database went away. What such a one held is given back like that of the dead.
 */
async function keepRunning(start: () => Promise<Runner>, log: Log): Promise<JobRunner> {
  let current: Runner | undefined = await start();
  let stopping = false;
  const keep = async () => {
    while (!stopping) {
      await current?.promise.catch((error) => log.warn({ err: error }, "the job runner failed"));
      if (stopping) return;
      log.warn("the job runner ended by itself and is started again");
      await new Promise((resolve) => setTimeout(resolve, START_AGAIN_MS));
      current = await start().catch((error) => void log.warn({ err: error }, "the job runner can't be started yet"));
    }
    await current?.stop();
  };
  const promise = keep();
  const stop = async () => {
    stopping = true;
    // One that has just ended by itself refuses.
    await current?.stop().catch(() => {});
    await promise.catch(() => {});
  };
  return { promise, stop };
}

/**
 * Gives back the jobs that a killed process held, so that others run them. One that was replaced or taken back while it
 * ran (that takes its key and all its attempts) and then failed or died is not to run again: it goes, as otherwise it
 * would rest for good like one that gave up.
 */
async function releaseDeadJobs(sql: pg.Pool, service: string): Promise<void> {
  await sql.query(
    `delete from ${service}_jobs._private_jobs where key is null and flags ? '${KEYED}' and attempts >= max_attempts
       and (locked_at is null or locked_at < now() - interval '${DEAD}')`,
  );
  await sql.query(
    `update ${service}_jobs._private_jobs set locked_at = null, locked_by = null, run_at = greatest(run_at, now())
     where locked_at < now() - interval '${DEAD}'`,
  );
  await sql.query(
    `update ${service}_jobs._private_job_queues set locked_at = null, locked_by = null
     where locked_at < now() - interval '${DEAD}'`,
  );
}

/** graphile-worker's own messages: its warnings and errors only, for each attempt is logged above. */
function quietLogger(log: Log): Logger {
  return new Logger(() => (level, message, meta) => {
    if (meta?.["failure"] === true) return;
    if (level === "error") log.error(message);
    else log.debug(message);
  });
}
