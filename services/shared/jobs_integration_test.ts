import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, currentContext, withContext } from "./context.ts";
import { unavailable } from "./errors.ts";
import { measureQueue } from "./job_telemetry.ts";
import { addJob, addJobs, emitEvent, emitEvents, type JobRunner, runJobs } from "./jobs.ts";
import { createLog } from "./log.ts";
import { registry } from "./metrics.ts";
import { createPool, type Pool, transaction } from "./postgres.ts";
import { publishEvent } from "./publish_event.ts";
import { type TestDatabase, testDatabase } from "./testing.ts";

const warnings: unknown[] = [];
const errors: unknown[] = [];
const log = Object.assign(Object.create(createLog("test", { LOG_LEVEL: "ERROR" })), {
  warn: (...line: unknown[]) => warnings.push(line.at(-1)),
  error: (...line: unknown[]) => errors.push(line.at(-1)),
});

let database: TestDatabase;
let pool: Pool;
let runner: JobRunner;
const ran: { note: string; actor: string | undefined; time: number; request_id: string; traceparent?: string }[] = [];
const failures = new Map<string, number>();
/** What else is to be done when a job runs, by its note. */
const notes = new Map<string, () => void>();
const events: Event[] = [];
let refusals = 0;
/** Until when the store service keeps events waiting. */
let slow: Promise<void> | undefined;

const handlers = {
  note: async (payload: unknown) => {
    const { note, fail = 0, takes = 0 } = payload as { note: string; fail?: number; takes?: number };
    const { request_id = "", traceparent, actor, deadline: time = 0 } = currentContext() ?? {};
    notes.get(note)?.();
    ran.push({ note, actor: actor?.kind, time, request_id, ...(traceparent ? { traceparent } : {}) });
    const failed = failures.get(note) ?? 0;
    failures.set(note, failed + 1);
    if (failed < fail) throw new Error("not yet");
    await new Promise((resolve) => setTimeout(resolve, takes));
  },
  publish_event: publishEvent({
    publishEvent: () => Promise.reject(new Error("one by one")),
    publishEvents: async ({ events: following }) => {
      if (refusals-- > 0) throw unavailable();
      await slow;
      events.push(...following.flatMap(({ event }) => event ?? []));
      return { outcomes: following.map(() => ({ status: 0 })) };
    },
  }),
  tidy: () => Promise.resolve(),
};

before(async () => {
  database = await testDatabase("payment");
  pool = createPool({ DATABASE_URL: database.url }, log);
  await lockedJob("of the dead", "10 minutes");
  await lockedJob("of the living", "20 seconds");
  await addJob(database.pool, "payment", "note", { note: "replaced while it ran" }, { key: "two" });
  await database.owner.query(
    "update payment_jobs._private_jobs set locked_at = now(), locked_by = 'other' where key = 'two'",
  );
  await addJob(database.pool, "payment", "note", { note: "the replacement" }, { key: "two" });
  await database.owner.query(
    "update payment_jobs._private_jobs set locked_at = null, locked_by = null where payload ->> 'note' = 'replaced while it ran'",
  );
  await addJob(database.pool, "payment", "note", { note: "gave up" }, { key: "three" });
  await database.owner.query("update payment_jobs._private_jobs set attempts = max_attempts where key = 'three'");
  runner = await runJobs({ DATABASE_URL: database.url }, "payment", handlers, log, { crontab: "0 4 * * * tidy" });
});

after(async () => {
  await runner.stop();
  await runner.promise;
  await pool.end();
  await database.drop();
});

/** A job that another process took so long ago, and its queue with it. */
async function lockedJob(note: string, ago: string): Promise<void> {
  await addJob(database.pool, "payment", "note", { note }, { queue: note });
  await database.owner.query(
    `update payment_jobs._private_job_queues set locked_at = now() - $2::interval, locked_by = 'other' where queue_name = $1`,
    [note, ago],
  );
  await database.owner.query(
    `update payment_jobs._private_jobs set locked_at = now() - $2::interval, locked_by = 'other', attempts = 1 where payload ->> 'note' = $1`,
    [note, ago],
  );
}

async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it did not happen within 10 s");
}

const times = (note: string) => ran.filter((run) => run.note === note).length;
const happens = (note: string) => eventually(() => ran.find((run) => run.note === note));

describe("a job", () => {
  it("runs once its transaction is committed, as the system, with a deadline", async () => {
    await transaction(pool, async (tx) => {
      await addJob(tx, "payment", "note", { note: "committed" });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(times("committed")).toBe(0);
    });
    const run = await happens("committed");
    expect(run.actor).toBe("service");
    expect(run.time).toBeGreaterThan(Date.now());
  });

  it("belongs to the request that added it: its id and its trace", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const context = { request_id: "r-7", actor: ANONYMOUS, deadline: Infinity, traceparent };
    await withContext(context, () => addJob(pool, "payment", "note", { note: "of a request" }));
    expect(await happens("of a request")).toMatchObject({ request_id: "r-7", traceparent, actor: "service" });
    await addJob(pool, "payment", "note", { note: "of nobody" });
    expect((await happens("of nobody")).request_id).toMatch(/^job-payment-\d+$/);
  });

  it("never was, where its transaction is rolled back", async () => {
    await transaction(pool, async (tx) => {
      await addJob(tx, "payment", "note", { note: "rolled back" });
      throw new Error("changed my mind");
    }).catch(() => {});
    await addJob(pool, "payment", "note", { note: "after the rollback" });
    await happens("after the rollback");
    expect(times("rolled back")).toBe(0);
  });

  it("is tried again when it fails", async () => {
    await addJob(pool, "payment", "note", { note: "fails once", fail: 1 });
    await eventually(() => times("fails once") === 2 || undefined);
  });

  it("is a warning, and no error, as long as it is tried again", async () => {
    await addJob(pool, "payment", "note", { note: "fails quietly", fail: 1 });
    await eventually(() => times("fails quietly") === 2 || undefined);
    expect(warnings).toContain("a job failed and will be tried again");
    expect(errors.filter((line) => String(line).includes("Failed task"))).toEqual([]);
  });

  it("is replaced by one of the same key that comes while it waits", async () => {
    const options = { key: "one", after: "300 milliseconds" };
    await addJob(pool, "payment", "note", { note: "replaced" }, options);
    await addJob(pool, "payment", "note", { note: "replacement" }, options);
    await happens("replacement");
    expect(times("replaced")).toBe(0);
  });

  it("that was replaced while it ran, and then failed, is cleared away", async () => {
    await happens("the replacement");
    const { rowCount } = await database.owner.query(
      "select from payment_jobs._private_jobs where payload ->> 'note' = 'replaced while it ran'",
    );
    expect([rowCount, times("replaced while it ran")]).toEqual([0, 0]);
  });

  it("that failed for good rests, to be looked at", async () => {
    const { rowCount } = await database.owner.query(
      "delete from payment_jobs._private_jobs where payload ->> 'note' = 'gave up'",
    );
    expect([rowCount, times("gave up")]).toEqual([1, 0]);
  });

  it("takes the place of one with its key that failed for good, and may have a name that is new", async () => {
    const key = { key: "for good", after: "1 hour" };
    const name = `new_${crypto.randomUUID()}`;
    await addJob(pool, "payment", name, { note: "failed" }, key);
    await database.owner.query("update payment_jobs._private_jobs set attempts = max_attempts where key = 'for good'");
    await addJob(pool, "payment", name, { note: "again" }, key);
    await addJob(pool, "payment", name, { note: "and again" }, key);
    const { rows } = await database.owner.query(
      `select payload ->> 'note' as note, j.key, attempts from payment_jobs._private_jobs j
       join payment_jobs._private_tasks t on t.id = task_id where identifier = $1 order by j.id`,
      [name],
    );
    expect(rows).toEqual([
      { note: "failed", key: null, attempts: 25 },
      { note: "and again", key: "for good", attempts: 0 },
    ]);
  });

  it("waits for its time, by the database's clock", async () => {
    await addJob(pool, "payment", "note", { note: "in an hour" }, { after: "1 hour" });
    const { rows } = await database.owner.query(
      "select run_at > now() + interval '59 minutes' as waits from payment_jobs._private_jobs where payload ->> 'note' = 'in an hour'",
    );
    expect(rows).toEqual([{ waits: true }]);
    expect(times("in an hour")).toBe(0);
  });

  it("of a process that died is run by another; one under way elsewhere is not", async () => {
    await happens("of the dead");
    expect(times("of the living")).toBe(0);
  });

  it("by the clock is registered", async () => {
    await eventually(async () => {
      const { rows } = await database.owner.query("select identifier from payment_jobs._private_known_crontabs");
      return rows.length ? rows : undefined;
    });
  });

  it("go on where the database did not let one end, and that one ran", async () => {
    await database.owner.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
      create trigger refuse before delete on payment_jobs._private_jobs for each row
        when (old.payload ->> 'note' = 'not to end') execute function refuse()`);
    await addJob(pool, "payment", "note", { note: "not to end" });
    await eventually(() => warnings.includes("the job runner ended by itself and is started again") || undefined);
    await addJob(pool, "payment", "note", { note: "after the end" });
    await happens("after the end");
    await database.owner.query("drop function refuse cascade");
    expect(times("not to end")).toBe(1);
  });

  it("go on where one could not end while others were under way", async () => {
    await database.owner.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
      create trigger refuse before delete on payment_jobs._private_jobs for each row
        when (old.payload ->> 'note' = 'not to end now') execute function refuse()`);
    const again = "the job runner ended by itself and is started again";
    const restarts = () => warnings.filter((line) => line === again).length;
    const before = restarts();
    for (const takes of [1_500, 2_000, 2_500]) await addJob(pool, "payment", "note", { note: `takes ${takes}`, takes });
    await happens("takes 2500");
    await addJob(pool, "payment", "note", { note: "not to end now" });
    await happens("not to end now");
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await eventually(() => restarts() > before || undefined);
    await addJob(pool, "payment", "note", { note: "after those" });
    await happens("after those");
    await database.owner.query("drop function refuse cascade");
  });

  it("of another service can't be added", async () => {
    await expect(addJob(pool, "order", "note", {})).rejects.toThrow("permission denied");
  });
});

describe("the queue's metrics", () => {
  const sample = async (name: string) =>
    Number((await registry.metrics()).split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);

  it("tell what waits and for how long, what gave up, and what became of attempts", async () => {
    await database.owner.query(
      `with added as (
         select (payment_jobs.add_job('unheard_of', '{}', run_at => now() - interval '1 hour', max_attempts => 3)).id
         from generate_series(1, 3)
       )
       select from added`,
    );
    await database.owner.query(
      `update payment_jobs._private_jobs set attempts = 3 where id =
         (select min(j.id) from payment_jobs.jobs j where task_identifier = 'unheard_of')`,
    );
    measureQueue(pool, "payment", ["note", "unheard_of"]);
    expect(await sample('nano_jobs_waiting{job="unheard_of"}')).toBe(2);
    expect(await sample('nano_jobs_gave_up{job="unheard_of"}')).toBe(1);
    expect(await sample('nano_jobs_oldest_seconds{job="unheard_of"}')).toBeGreaterThanOrEqual(3600);
    expect(await sample('nano_jobs_gave_up{job="note"}')).toBe(0);
    expect(await sample('nano_jobs_total{job="note",outcome="failed"}')).toBeGreaterThan(0);
    expect(await sample('nano_jobs_total{job="note",outcome="done"}')).toBeGreaterThan(0);
  });
});

describe("emitEvent()", () => {
  it("brings the event to the store service with its id, time and payload", async () => {
    await emitEvent(pool, "payment", "payment.captured", "s1", { payment: { id: "p1", note: "☃" } });
    const event = await eventually(() => events[0]);
    expect(event).toMatchObject({ type: "payment.captured", store_id: "s1" });
    expect(event.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(event.time).toBeInstanceOf(Date);
    expect(Math.abs(Number(event.time) - Date.now())).toBeLessThan(60_000);
    expect(JSON.parse(event.data_json)).toEqual({ payment: { id: "p1", note: "☃" } });
  });

  it("is tried again, with all that went along, where the store service is away", async () => {
    refusals = 1;
    await emitEvents(pool, "payment", "payment.refunded", "s2", [{ id: 1 }, { id: 2 }, { id: 3 }]);
    const came = await eventually(() => {
      const found = events.filter(({ store_id }) => store_id === "s2");
      return found.length === 3 ? found : undefined;
    });
    expect(refusals).toBeLessThan(1);
    expect(came.map(({ data_json }) => JSON.parse(data_json).id).sort()).toEqual([1, 2, 3]);
  });
});

describe("events that the store service keeps waiting", () => {
  it("give way to every other job", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    slow = promise;
    const told = () => events.filter(({ store_id }) => store_id === "s3").length;
    await emitEvents(pool, "payment", "payment.refunded", "s3", Array.from({ length: 8 }, (_, id) => ({ id })));
    await emitEvents(pool, "payment", "payment.refunded", "s3", Array.from({ length: 60 }, (_, id) => ({ id })));
    let before = Infinity;
    notes.set("among the events", () => before = told());
    await addJob(pool, "payment", "note", { note: "among the events" });
    resolve();
    await eventually(() => told() === 68 || undefined);
    // Those that run and those that were taken to run next went first.
    expect(before).toBeLessThanOrEqual(20);
  });
});

describe("several jobs", () => {
  it("are added by one statement, and run by the process that added them without a word to others", async () => {
    const heard: unknown[] = [];
    const listener = await database.owner.connect();
    listener.on("notification", (message) => heard.push(message));
    await listener.query(`listen "jobs:insert"`);
    await transaction(pool, (tx) =>
      addJobs(tx, "payment", [
        { name: "note", payload: { note: "one of two" } },
        { name: "note", payload: { note: "two of two" }, key: "second" },
        { name: "note", payload: { note: "tomorrow" }, after: "1 day" },
      ]));
    for (const note of ["one of two", "two of two"]) await eventually(() => ran.find((job) => job.note === note));
    await listener.query("select");
    listener.release();
    expect(heard).toEqual([]);
    expect(ran.some((job) => job.note === "tomorrow")).toBe(false);
  });

  it("may be none", async () => {
    await transaction(pool, (tx) => addJobs(tx, "payment", []));
  });
});
