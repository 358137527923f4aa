-- Orders, their lines, history, payments and shipments. Money is in minor units of the order's currency.

-- The last number given in each store. Gaps are allowed, so a number is taken outside of the order's transaction and
-- no buyer waits for another's commit.
create table order_numbers (
  store_id uuid primary key,
  last_number bigint not null check (last_number >= 1001)
);

create table orders (
  id uuid primary key,
  store_id uuid not null,
  -- Null until the order is open: an order that is being placed is shown to nobody.
  number bigint,
  -- The cart that it was made of. One cart makes one order, whatever the number of keys and clicks.
  cart_id uuid constraint one_order_per_cart unique,
  user_id uuid,
  -- A guest's token, hashed, and its end.
  guest_hash text,
  guest_expire_time timestamptz(3),
  email text not null,
  status text not null default 'placing' check (status in ('placing', 'pending_payment', 'paid', 'processing',
    'shipped', 'delivered', 'completed', 'cancelled', 'expired', 'refunded')),
  payment_status text not null default 'unpaid' check (payment_status in ('unpaid', 'authorized', 'paid', 'failed',
    'partially_refunded', 'refunded')),
  -- XXX, ISO 4217 for none, until the order is priced.
  currency text not null default 'XXX' check (currency ~ '^[A-Z]{3}$'),
  tax_included boolean not null default false,
  subtotal bigint not null default 0 check (subtotal >= 0),
  discount bigint not null default 0 check (discount between 0 and subtotal),
  shipping bigint not null default 0 check (shipping >= 0),
  tax bigint not null default 0 check (tax >= 0),
  total bigint not null default 0,
  shipping_address jsonb not null,
  billing_address jsonb,
  note text check (length(note) <= 2000),
  -- Whether a cancelled order's goods stay off the shelf.
  keep_out boolean not null default false,
  -- The end of the hold. Milliseconds, as in everything that leaves the platform, so that cursors are exact.
  expire_time timestamptz(3),
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  version integer not null default 1,
  search text generated always as (lower(email || ' ' || coalesce(shipping_address ->> 'name', ''))) stored,
  constraint one_buyer check (num_nonnulls(user_id, guest_hash) = 1),
  constraint number_once_open check ((number is null) = (status = 'placing')),
  constraint total_adds_up check (total = subtotal - discount + shipping + case when tax_included then 0 else tax end),
  constraint deadline_while_unpaid check (status <> 'pending_payment' or expire_time is not null),
  unique (store_id, number)
);

-- One index for each way to list: a store's, by status, a user's, a guest's. All are read in both directions.
create index orders_by_store on orders (store_id, create_time, id) where number is not null;
create index orders_by_status on orders (store_id, status, create_time, id) where number is not null;
create index orders_by_user on orders (store_id, user_id, create_time, id) where number is not null;
create index orders_by_guest on orders (store_id, guest_hash, create_time, id)
  where number is not null and guest_hash is not null;
-- Parts of the e-mail address and of the addressee's name.
create index orders_by_search on orders using gin (search gin_trgm_ops);
-- What expiry has to look at.
create index orders_by_deadline on orders (expire_time) where status = 'pending_payment';

-- A line as it was when ordered: later changes of the product don't reach it.
create table order_items (
  id uuid primary key,
  order_id uuid not null references orders on delete cascade,
  position integer not null,
  product_id uuid not null,
  variant_id uuid not null,
  sku text not null,
  name text not null,
  currency text not null,
  quantity integer not null check (quantity between 1 and 999),
  unit_price bigint not null check (unit_price >= 0),
  tax_rate_bp integer not null check (tax_rate_bp between 0 and 10000),
  tax_included boolean not null,
  tax bigint not null check (tax >= 0),
  total bigint not null,
  -- How many were sent, and how many went back to the shelf.
  shipped integer not null default 0 constraint over_shipment check (shipped between 0 and quantity),
  restocked integer not null default 0 check (restocked between 0 and quantity),
  constraint line_adds_up check (total = quantity * unit_price + case when tax_included then 0 else tax end),
  unique (order_id, position),
  unique (order_id, variant_id)
);

-- Lines always sum to totals: checked when an order opens, for then all of its lines are there.
create function check_order_totals() returns trigger language plpgsql set search_path from current as $$
begin
  if not exists (
    select from order_items where order_id = new.id
    having sum(quantity * unit_price) = new.subtotal and sum(tax) = new.tax
      and sum(total) = new.total + new.discount - new.shipping
      and min(currency) = new.currency and max(currency) = new.currency
  ) then
    raise exception 'the lines of order % do not sum to its totals', new.id
      using errcode = 'check_violation', constraint = 'lines_add_up';
  end if;
  return null;
end $$;

create constraint trigger lines_add_up
  after update of number, currency, subtotal, discount, shipping, tax, total on orders
  deferrable initially deferred
  for each row when (new.number is not null) execute function check_order_totals();

-- What happened to an order: the audit of this table, so append-only. "from" is empty for the first step.
create table order_history (
  id bigint generated always as identity primary key,
  order_id uuid not null references orders,
  "from" text not null,
  "to" text not null,
  actor text not null check (actor in ('customer', 'guest', 'system') or actor like 'staff:%'),
  reason text not null default '',
  time timestamptz(3) not null default now()
);
create index order_history_by_order on order_history (order_id, id);

-- Each try to pay, written before the payment service hears of it, so that a crash can ask what became of it.
-- `abandoned`: the payment service never heard of it; `refused`: it would not take it.
create table payment_attempts (
  order_id uuid not null references orders,
  attempt integer not null check (attempt >= 1),
  payment_id uuid not null unique,
  method text not null,
  state text not null default 'pending' check (state in ('pending', 'unknown', 'authorized', 'captured', 'declined',
    'voided', 'partially_refunded', 'refunded', 'refused', 'abandoned')),
  amount bigint not null check (amount >= 0),
  captured_amount bigint not null default 0 check (captured_amount >= 0),
  refunded_amount bigint not null default 0 check (refunded_amount between 0 and captured_amount),
  failure_code text,
  create_time timestamptz(3) not null default now(),
  primary key (order_id, attempt)
);
-- One payment at a time may be without an answer.
create unique index payment_in_progress on payment_attempts (order_id) where state in ('pending', 'unknown');

-- Refunds whose goods were put back, so that it happens once.
create table recorded_refunds (
  refund_id uuid primary key,
  order_id uuid not null references orders,
  time timestamptz not null default now()
);

create table shipments (
  id uuid primary key,
  order_id uuid not null references orders,
  carrier text not null,
  tracking_number text not null,
  tracking_url text,
  create_time timestamptz(3) not null default now()
);
create index shipments_by_order on shipments (order_id, create_time, id);

create table shipment_items (
  shipment_id uuid not null references shipments on delete cascade,
  order_item_id uuid not null references order_items,
  quantity integer not null check (quantity >= 1),
  primary key (shipment_id, order_item_id)
);

-- Clients' idempotency keys: who sent what under which key, and how it ended.
create table idempotency_keys (
  store_id uuid not null,
  principal text not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint text not null,
  state text not null default 'in_progress' check (state in ('in_progress', 'done')),
  answer bytea,
  error jsonb,
  -- The order or payment that the request makes; a crashed request is resumed from its state.
  resource_id uuid not null unique,
  locked_until timestamptz,
  create_time timestamptz not null default now(),
  done_time timestamptz,
  primary key (store_id, principal, key),
  constraint done_with_outcome check ((state = 'done') = (num_nonnulls(answer, error) = 1 and done_time is not null)),
  constraint leased_while_working check ((state = 'in_progress') = (locked_until is not null))
);
create index idempotency_keys_done on idempotency_keys (done_time) where state = 'done';

-- The service's own login may add to the history, and may change of a line only what happens to it.
do $$
declare role text := quote_ident(current_database() || '_order');
begin
  if exists (select from pg_roles where quote_ident(rolname) = role) then
    execute format('revoke update, delete, truncate on order_history from %s', role);
    execute format('revoke update on order_items from %s', role);
    execute format('grant update (shipped, restocked) on order_items to %s', role);
  end if;
end $$;
