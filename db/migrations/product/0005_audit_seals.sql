-- The audit log says from where, too, and is sealed: a job chains what was written by hashes, so that whoever changes,
-- removes or backdates a row is found (deno task audit:verify). The text is the same in each service that keeps an audit.

-- The client's network (/24, or /48 of IPv6), not its address; empty outside of requests.
alter table audit_log add column network text not null default '';

-- "What did this request do."
create index audit_log_request on audit_log (request_id, time desc, id desc) where request_id <> '';

-- Each seal holds the digests of the rows that it adds, and the hash of all that and of the seal before.
create table audit_seals (
  seq bigint primary key check (seq >= 1),
  -- Milliseconds, as it is hashed.
  seal_time timestamptz(3) not null default now(),
  -- Whether no row was left unsealed.
  complete boolean not null,
  entry_ids bigint[] not null,
  -- SHA-256 of each row, in the same order.
  entry_hashes bytea[] not null check (cardinality(entry_hashes) = cardinality(entry_ids)),
  prev_hash bytea not null check (length(prev_hash) = 32),
  hash bytea not null check (length(hash) = 32)
);
create index audit_seals_time on audit_seals (seal_time);

-- The service's role adds seals and changes none.
do $$
begin
  execute format('revoke update, delete, truncate on audit_seals from %I', current_database() || '_' || current_schema());
end $$;

-- As before, and with the network.
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
  insert into audit_log (actor, request_id, table_name, row_id, action, before, after, store_id, network)
  values (
    coalesce(nullif(current_setting('nano.actor', true), ''), 'owner'),
    coalesce(current_setting('nano.request_id', true), ''),
    tg_table_name, id, lower(tg_op), was, becomes, store,
    coalesce(current_setting('nano.network', true), '')
  );
  return null;
end $$;
