-- What the index of e-mail addresses and names finds of a store's orders, at most so many, in no order; null means any.
-- For the search of the console: planned for the values each time, as only these say how many there are, and without
-- walking along the orders' times, which for a rare value would read them all.
create function search_orders(
  of_store uuid, pattern text, wanted_number bigint, wanted_status text, of_user uuid,
  from_time timestamptz, to_time timestamptz, at_most integer
) returns table (id uuid, create_time timestamptz)
  language plpgsql stable rows 200
  set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off
  set plan_cache_mode = force_custom_plan
as $$
begin
  return query with found as materialized (
    select o.id, o.create_time::timestamptz
    from orders o
    where o.store_id = of_store and o.number is not null
      and (o.search like pattern or (o.store_id = of_store and o.number = wanted_number))
      and (wanted_status is null or o.status = wanted_status)
      and (of_user is null or o.user_id = of_user)
      and (from_time is null or o.create_time >= from_time) and (to_time is null or o.create_time < to_time)
  ) select f.* from found f limit at_most;
end $$;
