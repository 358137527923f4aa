import { Logger, run, type Runner, type Task } from "graphile-worker";
import pg from "pg";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { SYSTEM, withContext } from "./context.ts";
import { newId } from "./ids.ts";
import type { Log } from "./log.ts";
import { counter } from "./metrics.ts";
import type { Sql } from "./postgres.ts";

const finished = counter("nano_jobs_total", "Jobs that ended, by name and outcome.", ["job", "outcome"]);

/** How long one attempt at a job may take. */
const ATTEMPT_MS = 60_000;

/** After so long without an end, the process that took a job is dead: the library itself would wait for 4 hours. */
const DEAD = "75 seconds";
const LOOK_FOR_DEAD_MS = 15_000;

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

/** Adds a job in the transaction of the change that it follows. `service` is the service's own name. */
export async function addJob(
  tx: Sql,
  service: string,
  name: string,
  payload: unknown,
  options: JobOptions = {},
): Promise<void> {
  await tx.query({
    name: `${service}.add_job`,
    text:
      `select from ${service}_jobs.add_job($1, payload => $2::json, run_at => coalesce($3, now() + $6::interval), max_attempts => $4, job_key => $5, queue_name => $7, flags => $8)`,
    values: [
      name,
      JSON.stringify(payload),
      options.run_at ?? null,
      options.max_attempts ?? 25,
      options.key ?? null,
      options.after ?? null,
      options.queue ?? null,
      options.key ? [KEYED] : null,
    ],
  });
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
  const event: Event = { id: newId(), type, store_id, time: new Date(), data_json: JSON.stringify(data) };
  await addJob(tx, service, "publish_event", event);
}

/** The job that hands an event to the store service. */
export function publishEvent(
  store: { publishEvent(request: { event: Event }): Promise<unknown> },
): (payload: unknown) => Promise<void> {
  return async (payload) => {
    const event = payload as Event;
    await store.publishEvent({ event: { ...event, time: new Date(event.time as unknown as string) } });
  };
}

/** What runs each job, by its name. */
export type JobHandlers = Record<string, (payload: unknown) => Promise<void>>;

/**
 * Runs a service's jobs, two at a time unless told otherwise, on connections of its own. Each attempt acts as the
 * system with a deadline of 60 s; one that throws is tried again with growing pauses. Handlers are idempotent.
 */
export async function runJobs(
  config: { DATABASE_URL: string; DATABASE_DIRECT_URL?: string | undefined },
  service: string,
  handlers: JobHandlers,
  log: Log,
  crontab = "",
  concurrency = 2,
): Promise<Runner> {
  const taskList = Object.fromEntries(
    Object.entries(handlers).map(([name, handle]): [string, Task] => [name, async (payload, helpers) => {
      const context = {
        request_id: `job-${service}-${helpers.job.id}`,
        actor: SYSTEM,
        deadline: Date.now() + ATTEMPT_MS,
      };
      try {
        await withContext(context, () => handle(payload));
        finished.inc({ job: name, outcome: "done" });
      } catch (error) {
        finished.inc({ job: name, outcome: "failed" });
        log.warn(
          { err: error, job: name, attempt: helpers.job.attempts, http: { request: { id: context.request_id } } },
          "a job failed and will be tried again",
        );
        throw error;
      }
    }]),
  );
  const pgPool = new pg.Pool({ connectionString: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL, max: 3 });
  const lost = (error: Error) => log.warn({ err: error }, "a database connection of the jobs was lost");
  pgPool.on("error", lost);
  // graphile-worker asks for a listener on each client too.
  pgPool.on("connect", (client) => client.on("error", lost));
  const runner = await run({
    pgPool,
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
  await release();
  const timer = setInterval(release, LOOK_FOR_DEAD_MS);
  runner.promise.then(() => {
    clearInterval(timer);
    return pgPool.end();
  }, (error) => log.error({ err: error }, "the job runner ended"));
  return runner;
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
  return new Logger(() => (level, message) => {
    if (level === "error") log.error(message);
    else log.debug(message);
  });
}
