import type pg from "pg";
import { type ServiceName, SERVICES } from "../processes.ts";
import { jobsSchema } from "../roles.ts";
import { type Finding, ok, psql, span, warning, wrong } from "./finding.ts";

/** One kind of job of a service. */
export interface Queue {
  readonly service: ServiceName;
  readonly job: string;
  /** How long its oldest has been due, in seconds; 0 without one. */
  readonly oldest: number;
  /** The ids of those that failed for good, at most a hundred. */
  readonly gave_up: readonly string[];
}

/** Reads the queues of all services that have one. */
export async function readQueues(client: pg.Client): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (const service of SERVICES) {
    const schema = jobsSchema(service);
    const { rows: [there] } = await client.query("select to_regclass($1) as jobs", [`${schema}._private_jobs`]);
    if (!there?.jobs) continue;
    const { rows } = await client.query<Omit<Queue, "service">>(
      `select identifier as job,
              coalesce(extract(epoch from now() - min(run_at) filter (where is_available and run_at <= now())), 0)::float8
                as oldest,
              coalesce((array_agg(j.id::text order by j.id) filter (where attempts >= max_attempts and locked_at is null
                and not (key is null and coalesce(flags ? 'keyed', false))))[:100], '{}') as gave_up
         from ${schema}._private_jobs j join ${schema}._private_tasks t on t.id = j.task_id
        group by identifier order by identifier`,
    );
    queues.push(...rows.map((row) => ({ service, ...row })));
  }
  return queues;
}

const [OLD, TOO_OLD] = [300, 3600];

/** Jobs that wait for long, and those that failed for good. `running`: whether the shop runs, which would do them. */
export function judgeQueues(queues: readonly Queue[], running: boolean): Finding[] {
  const old = running ? queues.filter(({ oldest }) => oldest > OLD) : [];
  const waiting = old.map(({ service, job, oldest }) =>
    (oldest > TOO_OLD ? wrong : warning)(
      "jobs",
      `${service}'s ${job} has been due for ${span(oldest)}`,
      `deno task logs ${service}`,
    )
  );
  const failed = queues.filter(({ gave_up }) => gave_up.length > 0).map(({ service, job, gave_up }) =>
    wrong(
      "jobs",
      `${gave_up.length === 100 ? "100 or more" : gave_up.length} of ${service}'s ${job} failed for good ` +
        `(why: last_error in ${jobsSchema(service)}._private_jobs)`,
      psql(
        `select count(*) from ${jobsSchema(service)}.reschedule_jobs(array[${
          gave_up.join(",")
        }]::bigint[], now(), attempts => 0)`,
      ),
    )
  );
  const findings = [...failed, ...waiting];
  return findings.length ? findings : [ok("jobs", "none is late, none failed for good")];
}
