-- Who changed what, when, from what to what: one row per changed row, written by triggers in the change's own
-- transaction, so there is no change without its row and no row without its change.
-- The function is the same text in the schema of each service that keeps an audit.

create table audit_log (
  id bigint generated always as identity primary key,
  time timestamptz not null default now(),
  -- "user:<id>", "guest", "anonymous", "service"; "owner" where no request ran, such as a migration or the seed.
  actor text not null,
  -- The request or job, as in the logs; empty outside of both.
  request_id text not null,
  table_name text not null,
  -- The row's `id`; null where a table has none (its key columns are then in before and after).
  row_id text,
  action text not null check (action in ('insert', 'update', 'delete')),
  -- The whole row before it was deleted, or what an update changed, as it was.
  before jsonb check ((before is null) = (action = 'insert')),
  -- The whole new row, or what an update changed, as it became.
  after jsonb check ((after is null) = (action = 'delete'))
);

-- "What happened to this row", newest first.
create index audit_log_row on audit_log (table_name, row_id, id desc);

-- Append-only, and only by the triggers: the service's role may read it and no more.
do $$
begin
  execute format('revoke insert, update, delete on audit_log from %I', current_database() || '_' || current_schema());
end $$;

-- The trigger's arguments name columns. A plain name is a personal column: it appears by name only, its value being
-- "changed". A name after "-" is left out altogether: derived columns. An update that changes nothing else is not
-- noted. It runs as the owner, since the service's role may not write the log itself.
create function audit() returns trigger language plpgsql security definer set search_path from current as $$
declare
  was jsonb;
  becomes jsonb;
  id text;
  argument text;
begin
  if tg_op <> 'INSERT' then was := to_jsonb(old); end if;
  if tg_op <> 'DELETE' then becomes := to_jsonb(new); end if;
  id := coalesce(becomes, was) ->> 'id';
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
  insert into audit_log (actor, request_id, table_name, row_id, action, before, after)
  values (
    coalesce(nullif(current_setting('nano.actor', true), ''), 'owner'),
    coalesce(current_setting('nano.request_id', true), ''),
    tg_table_name, id, lower(tg_op), was, becomes
  );
  return null;
end $$;

-- What triggers keep on a product (lowest price, in_stock, skus) follows from its variants and is not noted again.
create trigger audit after insert or delete
  or update of slug, name, description, status, category_id, attributes, images, version on products
  for each row execute function audit('-search', '-sort_name', '-skus', '-in_stock', '-update_time');

-- Stock is left out: stock_movements is its audit. A sale so costs no audit row.
create trigger audit after insert or delete
  or update of sku, name, options, price, position, archived on variants
  for each row execute function audit('-on_hand', '-reserved');

create trigger audit after insert or delete or update of slug, name, parent_id on categories
  for each row execute function audit('-product_count');
