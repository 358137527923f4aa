-- What the operators' console needs: notes of staff, and how many orders have which status.

-- What staff write down about an order. Append-only.
create table order_notes (
  id uuid primary key,
  order_id uuid not null references orders,
  actor text not null check (actor = 'system' or actor like 'staff:%'),
  text text not null check (length(text) between 1 and 2000),
  create_time timestamptz(3) not null default now()
);
create index order_notes_by_order on order_notes (order_id, create_time, id);

do $$
declare role text := quote_ident(current_database() || '_order');
begin
  if exists (select from pg_roles where quote_ident(rolname) = role) then
    execute format('revoke update, delete, truncate on order_notes from %s', role);
  end if;
end $$;

-- How many orders of a store have which status: the sum over the slots. Kept by the trigger below in the transaction
-- of each change. Each connection counts in a slot of its own (mostly), so orders of one store don't wait for each
-- other; a slot by itself may be negative.
create table order_counts (
  store_id uuid not null,
  status text not null,
  slot smallint not null check (slot between 0 and 15),
  orders bigint not null,
  primary key (store_id, status, slot)
) with (fillfactor = 50); -- room on the page for the many updates

-- In the order of statuses, so that two that share a slot lock alike.
create function count_orders() returns trigger language plpgsql set search_path from current as $$
begin
  insert into order_counts as c (store_id, status, slot, orders)
  select coalesce(new.store_id, old.store_id), step.status, pg_backend_pid() % 16, step.n
  from (values (new.status, 1), (old.status, -1)) step (status, n)
  where step.status <> 'placing'
  order by step.status
  on conflict (store_id, status, slot) do update set orders = c.orders + excluded.orders;
  return null;
end $$;

create trigger count_added after insert on orders for each row when (new.status <> 'placing')
  execute function count_orders();
create trigger count_moved after update of status on orders for each row when (old.status <> new.status)
  execute function count_orders();
create trigger count_removed after delete on orders for each row when (old.status <> 'placing')
  execute function count_orders();

insert into order_counts (store_id, status, slot, orders)
select store_id, status, 0, count(*) from orders where status <> 'placing' group by store_id, status;
