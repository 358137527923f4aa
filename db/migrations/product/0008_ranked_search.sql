-- What a search finds is ranked, a misspelt word finds what was meant, and a beginning of one or two letters no longer
-- reads every word that begins so.

-- As before, and half as costly: what is no part of a word becomes a space, and the text is split at these.
create or replace function words(value text) returns text[] language plpgsql immutable strict parallel safe as $$
begin
  return array(
    select left(word, 64)
    from unnest(string_to_array(
      regexp_replace(product.fold(value), '[\s!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'), ' ')) word
    where word <> ''
  );
end $$;

-- The words of all products' names, which many share, so that they are far fewer than products: what a misspelt word
-- may have meant. Without numbers, for each product may have its own. A word stays when the last product that
-- had it goes: it then finds nothing. Not unique, since two that learn the same word should not wait for each other.
create table search_words (word text not null);
create index search_words_word on search_words (word text_pattern_ops);
create index search_words_alike on search_words using gin (word gin_trgm_ops);

create function learn_words() returns trigger language plpgsql set search_path from current as $$
begin
  insert into search_words (word)
  select distinct word from unnest(words(new.name)) word
  where word ~ '\D' and not exists (select from search_words known where known.word = word.word);
  return null;
end $$;
create trigger learn_words after insert or update of name on products for each row execute function learn_words();

insert into search_words (word)
select distinct word from products, unnest(words(name)) word where word ~ '\D';
analyze search_words;

-- The words that a misspelt one may have meant, at most five: with two neighbouring letters swapped, else those that
-- share most trigrams with it.
create function words_like(typed text) returns text[] language plpgsql stable strict as $$
declare
  found text[];
begin
  if length(typed) < 4 or typed ~ '\d' then return '{}'; end if;
  found := array(
    select distinct k.word from search_words k
    where k.word <> typed and k.word = any(array(
      select overlay(typed placing reverse(substr(typed, at, 2)) from at for 2) from generate_series(1, length(typed) - 1) at
    )) limit 5);
  if found <> '{}' then return found; end if;
  return array(
    select word from (
      select word, likeness, max(likeness) over () as most from (
        select distinct k.word, similarity(k.word, typed) as likeness from search_words k
        where k.word % typed and k.word <> typed and k.word !~ '\d' order by likeness desc, k.word limit 5
      ) nearest
    ) weighed where likeness >= 0.7 * most);
end $$;

-- What was typed, as a search needs it: folded; as a query, its last word possibly unfinished; with that word whole;
-- `wanted`, which decides what is found; and `indexed`, what the index of words is asked for. To ask it for a beginning
-- costs far more than for whole words, so that becomes the words of names that begin so, if there are any and they are
-- fewer than a hundred; of one or two letters, which stand for too many, it becomes the first hundred, or behind other
-- words is left to be sifted. That may miss what only descriptions have. A `forgiving` search, for where little was found, wants also what misspelt words may have meant, or
-- where there is no such word asks for the beginning as it is; it wants nothing where that would find no more.
create function search_terms(
  q text, forgiving boolean, out typed text, out plain tsquery, out whole tsquery, out wanted tsquery, out indexed tsquery
) language plpgsql stable as $$
declare
  given text[] := (words(q))[1:10];
  count integer := cardinality(given);
  last text := given[count];
  others tsquery;
  begun text;
  beginnings integer;
  meant text;
begin
  typed := btrim(fold(q));
  if count = 0 then return; end if;
  plain := search_query(q);
  whole := (select string_agg(quote_literal(word), ' & ')::tsquery from unnest(given) word);
  others := (select string_agg(quote_literal(word), ' & ')::tsquery from unnest(given[1:count - 1]) word);
  select string_agg(quote_literal(word), ' | '), count(*) into begun, beginnings from (
    select k.word from search_words k
    where k.word ~>=~ last and k.word ~<~ (last || chr(1114111)) order by k.word using ~<~ limit 100
  ) beginning;
  if beginnings = 100 and length(last) > 2 then begun := null; end if;
  if not forgiving then
    wanted := plain;
    indexed := case
      when length(last) <= 2 and count > 1 then others
      when begun is null then plain
      when count > 1 then others && (quote_literal(last) || ' | ' || begun)::tsquery
      else (quote_literal(last) || ' | ' || begun)::tsquery
    end;
    return;
  end if;
  for i in 1 .. count loop
    meant := (select string_agg(quote_literal(word), ' | ') from unnest(words_like(given[i])) word);
    wanted := concat_ws(' & ', wanted, '(' || concat_ws(' | ', quote_literal(given[i]) || case when i = count then ':*' else '' end, meant) || ')');
    indexed := concat_ws(' & ', indexed, '(' || concat_ws(' | ', quote_literal(given[i]), case when i = count then begun end, meant) || ')');
  end loop;
  if wanted = plain then
    if begun is null or length(last) <= 2 then wanted := null; end if;
    indexed := wanted;
  end if;
end $$;

-- How well a product fits what was typed. It is the order of a search that asks for none: first what was typed as it
-- stands, then a SKU, a whole name, a name's beginning, words of a name, whole words.
create function search_score(
  search tsvector, sort_name text, skus text, typed text, plain tsquery, whole tsquery
) returns integer language sql immutable parallel safe as $$
  select case when search @@ plain then 32 else 0 end
    + case when strpos(' ' || lower(skus) || ' ', ' ' || typed || ' ') > 0 then 16 else 0 end
    + case when sort_name = typed then 8 else 0 end
    + case when starts_with(sort_name, typed) then 4 else 0 end
    + case when array_to_tsvector(array_remove(string_to_array(translate(sort_name, '-', ' '), ' '), '')) @@ plain then 2 else 0 end
    + case when search @@ whole then 1 else 0 end
$$;

-- As search_in_list, which the release before still calls: what the index of words finds of a list, at most so many, in
-- no order, with their score where they are to be `ranked`.
create function search_ranked(
  of_store uuid, q text, forgiving boolean, ranked boolean, statuses text[], stocked boolean, within uuid[],
  from_price bigint, to_price bigint, at_most integer
) returns table (id uuid, price bigint, sort_name text, create_time timestamptz, score integer)
  language plpgsql stable rows 200
  set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off
  set plan_cache_mode = force_custom_plan
as $$
declare
  terms record := search_terms(q, forgiving);
  wanted tsquery := terms.wanted;
  indexed tsquery := terms.indexed;
  typed text := terms.typed;
  plain tsquery := terms.plain;
  whole tsquery := terms.whole;
begin
  if wanted is null then return; end if;
  return query
    with found as materialized (
      select p.id, p.price, p.sort_name, p.create_time::timestamptz, p.search, p.skus
      from products p
      where p.search @@ indexed and p.store_id = of_store and p.status = any(statuses)
        and (within is null or p.category_id = any(within))
        and (stocked is null or p.in_stock = stocked)
        and (from_price is null or p.price >= from_price) and (to_price is null or p.price <= to_price)
    )
    select f.id, f.price, f.sort_name, f.create_time,
      case when ranked then search_score(f.search, f.sort_name, f.skus, typed, plain, whole) else 0 end
    from (select * from found limit 2 * at_most) f
    where indexed = wanted or f.search @@ wanted
    limit at_most;
end $$;
