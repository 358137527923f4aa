import type pg from "pg";
import { delay } from "../shop/children.ts";
import { JOB_SCHEMAS } from "./world.ts";

/** Everything that waits for a time: a deadline, a lease, the next try of a job. */
const CLOCKS: readonly [table: string, column: string][] = [
  [`"order".orders`, "expire_time"],
  [`"order".idempotency_keys`, "locked_until"],
  ["payment.idempotency_keys", "locked_until"],
  ["payment.payments", "asked_time"],
  ["payment.test_charges", "settle_time"],
  ["product.reservations", "expire_time"],
  ...JOB_SCHEMAS.flatMap((schema) => ["run_at", "locked_at"].map((column) => [`${schema}._private_jobs`, column])),
  ...JOB_SCHEMAS.map((schema) => [`${schema}._private_job_queues`, "locked_at"]),
] as [string, string][];

/**
 * Lets time pass at once: instead of the clock going on, all that waits for it comes nearer. So 12 s leases and 15-minute
 * holds end in a moment, and production knows nothing of it.
 */
export async function passTime(owner: pg.Pool, seconds: number): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await shiftClocks(owner, seconds);
    } catch (error) {
      // It crosses what a shop at work locks in another order.
      if ((error as { code?: string }).code !== "40P01" || tries === 5) throw error;
    }
  }
}

async function shiftClocks(owner: pg.Pool, seconds: number): Promise<void> {
  // Some columns have milliseconds, others microseconds: whole milliseconds keep them together.
  const shift = Math.ceil(seconds * 1000) / 1000;
  const client = await owner.connect();
  try {
    await client.query("begin; set local lock_timeout = '10s'");
    for (const [table, column] of CLOCKS) {
      await client.query(
        `update ${table} set ${column} = ${column} - $1 * interval '1 second' where ${column} is not null`,
        [shift],
      );
    }
    await client.query("commit");
    // What updates do not tell the workers.
    await client.query(`select pg_notify('jobs:insert', '{"r":1,"count":2}')`);
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

/** A job that was replaced while it ran, and then failed: its service clears it away. */
export const REPLACED =
  "j.key is null and j.flags is not null and j.attempts >= j.max_attempts and j.locked_at is null";

interface Waiting {
  schema: string;
  task: string;
  /** Seconds until it is due. */
  due: number;
  locked: boolean;
  /** Tried as often as it may be. */
  resting: boolean;
  attempts: number;
  last_error: string | null;
}

/** All jobs of all services. */
export async function listJobs(owner: pg.Pool): Promise<Waiting[]> {
  const parts = JOB_SCHEMAS.map((schema) =>
    `select '${schema}' as schema, t.identifier as task, extract(epoch from j.run_at - now())::float as due,
       j.locked_at is not null as locked, j.attempts >= j.max_attempts and j.locked_at is null as resting, j.attempts, j.last_error
     from ${schema}._private_jobs j join ${schema}._private_tasks t on t.id = j.task_id
     where not (${REPLACED}) and t.identifier not like 'reap%' and t.identifier not like 'seal%' and t.identifier not like 'reconcile%'`
  );
  return (await owner.query<Waiting>(parts.join(" union all "))).rows;
}

const LONGEST = 90_000;
/** After so long a job that is still taken belongs to a process that is dead. */
const TAKEN = 4_000;

/**
 * Lets time pass until no job waits any more: retries are tried, holds end, what is unpaid expires. Gives the jobs that
 * would not end.
 */
export async function untilQuiet(owner: pg.Pool): Promise<Waiting[]> {
  let taken = Date.now();
  for (const end = Date.now() + LONGEST;;) {
    const jobs = await listJobs(owner);
    const active = jobs.filter(({ resting }) => !resting);
    if (active.length === 0) return jobs;
    if (Date.now() > end) return jobs;
    if (!active.some(({ locked }) => locked)) taken = Date.now();
    const due = active.filter(({ due }) => due <= 0);
    if (due.length === 0) await passTime(owner, Math.max(1, Math.min(...active.map(({ due }) => due)) + 0.05));
    else if (Date.now() - taken > TAKEN) {
      await passTime(owner, 80);
      taken = Date.now();
    }
    await delay(due.length ? 100 : 150);
  }
}
