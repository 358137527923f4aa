-- Adds a job, or replaces the one with its key that waits: what graphile-worker's add_job does in four statements, in one.
-- What this can't do is left to that: a task of which the database has not heard, a job that runs or has failed for good.
do $migration$ begin execute format($format$
  create function put_job(task text, payload json, run_at timestamptz, after interval, attempts integer, job_key text)
    returns void language plpgsql as $$
  begin
    insert into %1$I._private_jobs as job (task_id, payload, run_at, max_attempts, key, flags)
    select t.id, put_job.payload, coalesce(put_job.run_at, now() + after, now()), put_job.attempts, job_key,
      case when job_key is not null then '{"keyed": true}'::jsonb end
    from %1$I._private_tasks t where t.identifier = task
    on conflict (key) do update set task_id = excluded.task_id, payload = excluded.payload, run_at = excluded.run_at,
      max_attempts = excluded.max_attempts, flags = excluded.flags, attempts = 0, last_error = null,
      revision = job.revision + 1, updated_at = now()
      where job.is_available;
    if not found then
      perform %1$I.add_job(task, put_job.payload, null, coalesce(put_job.run_at, now() + after), put_job.attempts, job_key,
        null, case when job_key is not null then array['keyed'] end);
    end if;
  end $$
$format$, current_schema() || '_jobs'); end $migration$;
