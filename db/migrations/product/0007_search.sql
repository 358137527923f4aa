-- A search whose cost does not grow with the catalogue, and that forgives a typo.

-- What the index of words finds of a list, at most so many, in no order; null means any. Only by indexes made for it, as
-- in search_hits; planned for the values each time, since they decide which other indexes help. `found` is planned as
-- if all of it were read, so that a common word is crossed with the category's index rather than looked up row by row.
create function search_in_list(
  of_store uuid, typed text, statuses text[], stocked boolean, within uuid[], from_price bigint, to_price bigint, at_most integer
) returns table (id uuid, price bigint, sort_name text, create_time timestamptz)
  language plpgsql stable rows 200
  set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  wanted tsquery := search_query(typed);
  given text[] := (words(typed))[1:10];
  whole tsquery;
begin
  -- A beginning of one or two letters stands for very many words: the index is asked for the others only, which are
  -- whole, and what it finds first is sifted.
  if cardinality(given) > 1 and length(given[cardinality(given)]) <= 2 then
    whole := (select string_agg(quote_literal(word), ' & ')::tsquery from unnest(given[1:cardinality(given) - 1]) word);
    return query
      select p.id, p.price, p.sort_name, p.create_time::timestamptz
      from (
        select p.* from products p
        where p.search @@ whole and p.store_id = of_store and p.status = any(statuses)
          and (within is null or p.category_id = any(within))
        limit 5 * at_most
      ) p
      where (p.search @@ wanted) and (stocked is null or p.in_stock = stocked)
        and (from_price is null or p.price >= from_price) and (to_price is null or p.price <= to_price)
      limit at_most;
  elsif within is null then
    return query with found as materialized (
      select p.id, p.price, p.sort_name, p.create_time::timestamptz
      from products p
      where p.search @@ wanted and p.store_id = of_store and p.status = any(statuses)
        and (stocked is null or p.in_stock = stocked)
        and (from_price is null or p.price >= from_price) and (to_price is null or p.price <= to_price)
    ) select f.* from found f limit at_most;
  else
    return query with found as materialized (
      select p.id, p.price, p.sort_name, p.create_time::timestamptz
      from products p
      where p.search @@ wanted and p.category_id = any(within) and p.store_id = of_store and p.status = any(statuses)
        and (stocked is null or p.in_stock = stocked)
        and (from_price is null or p.price >= from_price) and (to_price is null or p.price <= to_price)
    ) select f.* from found f limit at_most;
  end if;
end $$;
