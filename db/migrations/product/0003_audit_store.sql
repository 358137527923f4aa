-- The audit log as staff read it: newest first, and a manager only what concerns the own stores.

alter table audit_log add column store_id uuid;
-- Milliseconds, as in the answers: so a cursor names a place exactly.
alter table audit_log alter column time type timestamptz(3);

-- The store that a row belongs to.
create function audit_store(name text, of_row jsonb) returns uuid language sql stable set search_path from current as $$
  select (of_row ->> 'store_id')::uuid
$$;

-- As before, and with the store. The function is the same text in the schema of each service that keeps an audit.
create or replace function audit() returns trigger language plpgsql security definer set search_path from current as $$
declare
  was jsonb;
  becomes jsonb;
  id text;
  store uuid;
  argument text;
begin
  if tg_op <> 'INSERT' then was := to_jsonb(old); end if;
  if tg_op <> 'DELETE' then becomes := to_jsonb(new); end if;
  id := coalesce(becomes, was) ->> 'id';
  store := audit_store(tg_table_name, coalesce(becomes, was));
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, becomes -> o.key) into was, becomes
      from jsonb_each(was) o where o.value is distinct from becomes -> o.key;
  end if;
  foreach argument in array coalesce(tg_argv, '{}') loop
    if argument like '-%' then
      was := was - substr(argument, 2);
      becomes := becomes - substr(argument, 2);
    else
      if was ? argument then was := was || jsonb_build_object(argument, 'changed'); end if;
      if becomes ? argument then becomes := becomes || jsonb_build_object(argument, 'changed'); end if;
    end if;
  end loop;
  if tg_op = 'UPDATE' and coalesce(becomes, '{}') = '{}' then return null; end if;
  insert into audit_log (actor, request_id, table_name, row_id, action, before, after, store_id)
  values (
    coalesce(nullif(current_setting('nano.actor', true), ''), 'owner'),
    coalesce(current_setting('nano.request_id', true), ''),
    tg_table_name, id, lower(tg_op), was, becomes, store
  );
  return null;
end $$;

-- An update tells only what changed, so its store is that of the row's other entries.
update audit_log set store_id = audit_store(table_name, coalesce(after, before));
update audit_log a set store_id = (
  select b.store_id from audit_log b
  where b.table_name = a.table_name and b.row_id = a.row_id and b.store_id is not null limit 1
) where store_id is null and row_id is not null;

create index audit_log_time on audit_log (time desc, id desc);
create index audit_log_store on audit_log (store_id, time desc, id desc);
create index audit_log_actor on audit_log (actor, time desc, id desc);
create index audit_log_table on audit_log (table_name, time desc, id desc);
