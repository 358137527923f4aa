-- Stores, their settings, and figures aggregated from what other services tell.

create table stores (
  id uuid primary key,
  -- The name in URLs and in X-Store. It must not look like an id, for either names a store.
  slug text not null constraint stores_slug_key unique,
  name text not null check (char_length(name) between 1 and 200),
  status text not null default 'active' check (status in ('active', 'suspended', 'closed')),
  -- ISO 4217; whether it is in use is for the code to know.
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  locale text not null check (char_length(locale) between 2 and 35),
  country text not null check (country ~ '^[A-Z]{2}$'),
  -- Basis points: 1900 is 19 %.
  tax_rate_bp integer not null default 0 check (tax_rate_bp between 0 and 10000),
  tax_included boolean not null default false,
  is_default boolean not null default false,
  -- Milliseconds, as in every answer.
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  version integer not null default 1 check (version > 0),
  constraint stores_slug_check check (
    char_length(slug) <= 63
    and slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'
    and slug !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
  )
);

-- One store at most is the default one: the one that is meant where none is named.
create unique index stores_default_key on stores (is_default) where is_default;

-- A price in another currency would make every amount that is stored mean something else.
create function keep_currency() returns trigger language plpgsql as $$
begin
  raise exception 'the currency of a store is fixed'
    using errcode = 'check_violation', constraint = 'stores_currency_fixed';
end $$;

create trigger keep_currency before update of currency on stores
  for each row when (old.currency is distinct from new.currency) execute function keep_currency();

-- The id is an early UUIDv7, so that this store leads the list.
insert into stores (id, slug, name, currency, locale, country, is_default)
values ('01900000-0000-7000-8000-000000000001', 'default', 'Nano Store', 'USD', 'en-US', 'US', true);

-- What the services told, by its id: that an event is here means that its effect is in the figures.
-- Kept 30 days, for the merchants' webhooks.
create table events (
  id uuid primary key,
  store_id uuid not null references stores,
  type text not null check (type ~ '^[a-z_]+\.[a-z_]+$'),
  time timestamptz(3) not null,
  data jsonb not null check (jsonb_typeof(data) = 'object'),
  receive_time timestamptz(3) not null default now()
);

create index events_store_idx on events (store_id, id);
create index events_receive_idx on events (receive_time);

-- A day's figures. Amounts are minor units of the store's currency; a day on which more was refunded than sold is negative.
create table daily_stats (
  store_id uuid not null references stores,
  -- In UTC.
  day date not null,
  orders bigint not null default 0 check (orders >= 0),
  revenue bigint not null default 0,
  new_customers bigint not null default 0 check (new_customers >= 0),
  primary key (store_id, day)
);

-- What sold on a day.
create table daily_sales (
  store_id uuid not null references stores,
  day date not null,
  variant_id uuid not null,
  product_id uuid not null,
  -- As they were at the day's last sale.
  sku text not null,
  name text not null,
  quantity bigint not null check (quantity >= 0),
  revenue bigint not null check (revenue >= 0),
  primary key (store_id, day, variant_id)
);
