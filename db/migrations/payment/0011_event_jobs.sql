-- Events give way to all other jobs of their service: where the store service is slow they fill all places of the workers, and
-- crashed checkouts, expiring orders and refunds would wait behind them.
do $migration$ begin execute format($format$
  create or replace function put_job(
    task text, payload json, run_at timestamptz, after interval, attempts integer, job_key text
  ) returns void language plpgsql as $$
  begin
    insert into %1$I._private_jobs as job (task_id, payload, run_at, max_attempts, key, flags, priority)
    select t.id, put_job.payload, coalesce(put_job.run_at, now() + after, now()), put_job.attempts, job_key,
      case when job_key is not null then '{"keyed": true}'::jsonb end, case task when 'publish_event' then 1 else 0 end
    from %1$I._private_tasks t where t.identifier = task
    on conflict (key) do update set task_id = excluded.task_id, payload = excluded.payload, run_at = excluded.run_at,
      max_attempts = excluded.max_attempts, flags = excluded.flags, attempts = 0, last_error = null,
      revision = job.revision + 1, updated_at = now()
      where job.is_available;
    if not found then
      perform %1$I.add_job(task, put_job.payload, null, coalesce(put_job.run_at, now() + after), put_job.attempts, job_key,
        case task when 'publish_event' then 1 else 0 end, case when job_key is not null then array['keyed'] end);
    end if;
  end $$
$format$, current_schema() || '_jobs'); end $migration$;
