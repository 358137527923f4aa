-- The catalogue of all stores and its stock. Two rules hold by construction:
--   I1  0 <= reserved <= on_hand for each variant (a CHECK);
--   I2  on_hand is the sum of the variant's stock_movements (each is written in the transaction that moves the stock).

-- Text as it is compared: without case and accents. unaccent() is only STABLE as its dictionary could be edited,
-- which nobody does here; an index needs IMMUTABLE.
create function fold(value text) returns text language plpgsql immutable strict parallel safe as $$
begin
  return lower(public.unaccent('public.unaccent'::regdictionary, value));
end $$;

-- The words of a text for the search: runs of anything but white space, ASCII and general punctuation. No stemming,
-- since a store's language is not known. The same function reads what people type, so both sides always agree.
create function words(value text) returns text[] language plpgsql immutable strict parallel safe as $$
begin
  return array(
    select left(word, 64)
    from regexp_split_to_table(fold(value), '[\s!-/:-@\[-`{-~\u00a0-\u00bf\u2000-\u206f\u3000-\u303f]+') word
    where word <> ''
  );
end $$;

-- What was typed as a query: all words, the last one possibly unfinished. No words find nothing.
create function search_query(typed text) returns tsquery language plpgsql immutable strict parallel safe as $$
declare
  given text[] := (words(typed))[1:10];
  wanted tsquery;
begin
  for i in 1 .. cardinality(given) loop
    -- A quoted lexeme cannot be anything but a word, for words() keeps no quote and no backslash.
    wanted := concat_ws(' & ', wanted, quote_literal(given[i]) || case when i = cardinality(given) then ':*' else '' end);
  end loop;
  return wanted;
end $$;

create table categories (
  id uuid primary key,
  store_id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 200),
  name text not null check (length(name) between 1 and 200),
  parent_id uuid,
  -- How many active products it holds; kept by triggers, as counting a million takes too long for a menu.
  product_count integer not null default 0 check (product_count >= 0),
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  constraint categories_slug unique (store_id, slug),
  constraint categories_id_store unique (id, store_id),
  constraint categories_parent foreign key (parent_id, store_id) references categories (id, store_id)
);
create index categories_children on categories (parent_id);

-- A tree stays a tree: nobody is below himself. Moves within a store queue, else two at once could make a circle.
create function refuse_category_cycle() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('categories ' || new.store_id, 0));
  if exists (
    with recursive above (id, parent_id) as (
      select c.id, c.parent_id from categories c where c.id = new.parent_id
      union
      select c.id, c.parent_id from categories c join above on c.id = above.parent_id
    )
    select from above where above.id = new.id
  ) or new.parent_id = new.id then
    raise exception 'a category cannot be below itself' using errcode = '23514', constraint = 'categories_no_cycle';
  end if;
  return new;
end $$;
create trigger no_cycle before update of parent_id on categories
  for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id)
  execute function refuse_category_cycle();

create table products (
  id uuid primary key,
  store_id uuid not null,
  -- Never like an id, for GET /products/{id or slug} tells them apart by their looks.
  slug text not null check (
    slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 200
    and slug !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
  ),
  name text not null check (length(name) between 1 and 200),
  description text not null default '' check (length(description) <= 20000),
  status text not null default 'active' check (status in ('draft', 'active', 'archived')),
  category_id uuid,
  -- Free attributes of at most 8 KiB as sent; here a little more, for jsonb spells numbers and spaces its own way.
  attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object' and length(attributes::text) <= 16384),
  -- [{ url, alt }], the first being the main one.
  images jsonb not null default '[]' check (jsonb_typeof(images) = 'array' and jsonb_array_length(images) <= 20),
  -- All variants of a product are priced in this one currency, its store's.
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  version integer not null default 1 check (version >= 1),
  -- Milliseconds, as in the answers: so a cursor names a row's place exactly.
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  -- What lists sort and filter by, kept by triggers from the variants on sale: the lowest price, whether any can be
  -- bought, and their SKUs and names for the search.
  price bigint not null default 0 check (price >= 0),
  in_stock boolean not null default false,
  skus text not null default '',
  sort_name text collate "C" not null generated always as (left(fold(name), 100)) stored,
  search tsvector not null generated always as
    (array_to_tsvector(words(name || ' ' || skus || ' ' || description))) stored,
  constraint products_slug unique (store_id, slug),
  constraint products_identity unique (id, store_id, currency),
  constraint products_category foreign key (category_id, store_id) references categories (id, store_id)
);

-- Each order of a list (name, price, create_time) below each filter that is an equality. in_stock stands in all of
-- them: a list without that filter merges the two halves, which costs no more than one page of each. With the price
-- included, a price range in another order is sifted within the index.
create index products_by_name on products (store_id, status, in_stock, sort_name, id) include (price);
create index products_by_price on products (store_id, status, in_stock, price, id);
create index products_by_create_time on products (store_id, status, in_stock, create_time, id) include (price);
create index products_in_category_by_name on products (category_id, status, in_stock, sort_name, id) include (price);
create index products_in_category_by_price on products (category_id, status, in_stock, price, id);
create index products_in_category_by_create_time on products (category_id, status, in_stock, create_time, id) include (price);
-- Without a list of pending entries, which each search would have to read through.
create index products_search on products using gin (search) with (fastupdate = off);

-- What a search finds, at most so many, in no order, with what a list sorts and filters by. Only by an index made for
-- it: the planner cannot know how rare an unfinished word is, and a wrong guess would read the whole table.
create function search_hits(of_store uuid, typed text, at_most integer)
  returns table (
    id uuid, status text, category_id uuid, in_stock boolean, price bigint, sort_name text, create_time timestamptz
  )
  language plpgsql stable rows 200
  set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off
as $$
declare
  wanted tsquery := search_query(typed);
begin
  return query
    select p.id, p.status, p.category_id, p.in_stock, p.price, p.sort_name, p.create_time::timestamptz
    from products p where p.search @@ wanted and p.store_id = of_store limit at_most;
end $$;

-- Keeps categories.product_count.
create function count_products() returns trigger language plpgsql as $$
declare
  moves record;
begin
  for moves in
    execute format(
      'select category_id, sum(n)::int as n from (%s) moved group by category_id having sum(n) <> 0 order by category_id',
      concat_ws(' union all ',
        case when tg_op <> 'DELETE' then 'select category_id, 1 as n from added where status = ''active'' and category_id is not null' end,
        case when tg_op <> 'INSERT' then 'select category_id, -1 as n from removed where status = ''active'' and category_id is not null' end))
  loop
    update categories set product_count = product_count + moves.n where id = moves.category_id;
  end loop;
  return null;
end $$;
create trigger count_added after insert on products referencing new table as added
  for each statement execute function count_products();
create trigger count_removed after delete on products referencing old table as removed
  for each statement execute function count_products();
create trigger count_moved after update on products referencing new table as added old table as removed
  for each statement execute function count_products();

create table variants (
  id uuid primary key,
  product_id uuid not null,
  store_id uuid not null,
  sku text not null check (length(sku) between 1 and 100),
  -- Empty for the one variant of a simple product.
  name text not null default '' check (length(name) <= 200),
  options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
  price bigint not null check (price between 0 and 1000000000000),
  currency text not null,
  position integer not null,
  -- No longer on sale; kept, as orders refer to it. Its SKU is free again.
  archived boolean not null default false,
  -- The bound keeps sums within an integer.
  on_hand integer not null default 0 constraint variants_on_hand_bound check (on_hand <= 1000000000),
  reserved integer not null default 0,
  create_time timestamptz(3) not null default now(),
  constraint variants_reserved_within_on_hand check (reserved between 0 and on_hand),
  -- The product's store and currency are the variant's.
  constraint variants_product foreign key (product_id, store_id, currency)
    references products (id, store_id, currency) on delete cascade
) with (fillfactor = 80); -- room on the page for the many updates of stock
create unique index variants_sku on variants (store_id, sku) where not archived;
create index variants_of_product on variants (product_id, position, id);

-- Keeps what products know of their variants. Two sales may each empty one of two variants of a product at once;
-- each sees the other's as still there, unless the product's row makes the second wait and look again.
create function summarise_variants() returns trigger language plpgsql as $$
declare
  touched uuid[];
begin
  if tg_op = 'INSERT' then
    touched := array(select distinct product_id from added);
  elsif tg_op = 'DELETE' then
    touched := array(select distinct product_id from removed);
  else
    touched := array(
      select distinct a.product_id from added a join removed r using (id)
      where (a.price, a.archived, a.sku, a.name) is distinct from (r.price, r.archived, r.sku, r.name)
        or (a.on_hand > a.reserved) <> (r.on_hand > r.reserved)
    );
  end if;
  if touched = '{}' then return null; end if;
  perform from products where id = any(touched) order by id for no key update;
  update products p
  set price = coalesce(now.price, p.price), in_stock = coalesce(now.in_stock, false), skus = coalesce(now.skus, '')
  from unnest(touched) t (id)
  left join lateral (
    select min(v.price) as price, bool_or(v.on_hand > v.reserved) as in_stock,
      string_agg(v.sku || ' ' || v.name, ' ' order by v.position, v.id) as skus
    from variants v where v.product_id = t.id and not v.archived
  ) now on true
  where p.id = t.id
    and (p.price, p.in_stock, p.skus)
      is distinct from (coalesce(now.price, p.price), coalesce(now.in_stock, false), coalesce(now.skus, ''));
  return null;
end $$;
create trigger summarise_added after insert on variants referencing new table as added
  for each statement execute function summarise_variants();
create trigger summarise_removed after delete on variants referencing old table as removed
  for each statement execute function summarise_variants();
create trigger summarise_changed after update on variants referencing new table as added old table as removed
  for each statement execute function summarise_variants();

-- One row for each order that ever held stock or was told to let go: whoever reserves, commits or releases takes it
-- first, so that an order's steps queue.
create table holds (
  order_id uuid primary key,
  -- No hold may be made any more: a release that overtook its reserve must win.
  closed boolean not null default false,
  create_time timestamptz not null default now()
);

create table reservations (
  order_id uuid not null references holds,
  -- Without `on delete`: a product that was ever ordered cannot be erased.
  variant_id uuid not null references variants,
  quantity integer not null check (quantity > 0),
  state text not null default 'held' check (state in ('held', 'committed', 'released')),
  -- The order's hold and an hour: after that product asks order before it lets go. Only order expires a hold.
  expire_time timestamptz not null,
  create_time timestamptz not null default now(),
  primary key (order_id, variant_id)
);
create index reservations_of_variant on reservations (variant_id);
create index reservations_due on reservations (expire_time) where state = 'held';

-- The audit of stock: each row says by how much on_hand and reserved moved. Append-only, also for the service.
create table stock_movements (
  id bigint generated always as identity primary key,
  -- Not a foreign key: the history outlives an erased product.
  variant_id uuid not null,
  kind text not null check (kind in ('initial', 'adjust', 'commit', 'release', 'return')),
  -- How on_hand moved.
  delta integer not null,
  -- How reserved moved. A reservation is the record of the way up.
  reserved_delta integer not null default 0,
  order_id uuid,
  -- Names a return, so that it happens once.
  key text,
  reason text not null default '',
  actor text not null default coalesce(nullif(current_setting('nano.actor', true), ''), 'owner'),
  time timestamptz not null default now(),
  constraint stock_movements_shape check (case kind
    when 'initial' then delta > 0 and reserved_delta = 0
    when 'adjust' then delta <> 0 and reserved_delta = 0
    when 'commit' then delta < 0 and reserved_delta = delta and order_id is not null
    when 'release' then delta = 0 and reserved_delta < 0 and order_id is not null
    when 'return' then delta > 0 and reserved_delta = 0 and order_id is not null and key is not null
  end)
);
create index stock_movements_of_variant on stock_movements (variant_id, id desc);
-- A hold ends once, a return happens once.
create unique index stock_movements_settled on stock_movements (order_id, variant_id) where kind in ('commit', 'release');
create unique index stock_movements_returned on stock_movements (order_id, key, variant_id) where kind = 'return';

do $$
begin
  execute format('revoke update, delete on stock_movements from %I', current_database() || '_' || current_schema());
end $$;
