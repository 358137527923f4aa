-- Carts of users and of guests. This is the truth; Redis only caches the rows of open carts.

create table guests (
  -- The SHA-256 of the guest's token in hex: whoever reads this table can act as nobody.
  token_hash text primary key check (token_hash ~ '^[0-9a-f]{64}$'),
  create_time timestamptz(3) not null default now(),
  -- 90 days after the guest's last write.
  expire_time timestamptz(3) not null default now() + interval '90 days'
);

create index guests_expire_idx on guests (expire_time);

create table carts (
  id uuid primary key,
  store_id uuid not null,
  -- Whose it is: a user's or a guest's. Users live in another schema.
  user_id uuid,
  guest_hash text references guests on delete cascade,
  state text not null default 'open' check (state in ('open', 'ordered')),
  -- The order that the cart became. One order is made of one cart.
  order_id uuid constraint carts_order_key unique,
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  version integer not null default 1 check (version > 0),
  constraint carts_one_principal check (num_nonnulls(user_id, guest_hash) = 1),
  constraint carts_ordered_as_order check ((state = 'ordered') = (order_id is not null))
);

-- One open cart per principal and store; also finds a guest's carts in all stores.
create unique index carts_open_user_key on carts (user_id, store_id) where state = 'open';
create unique index carts_open_guest_key on carts (guest_hash, store_id) where state = 'open';

-- What a principal's latest cart became; also what goes with a guest.
create index carts_ordered_user_idx on carts (user_id, store_id, id) where state = 'ordered';
create index carts_ordered_guest_idx on carts (guest_hash, store_id, id) where state = 'ordered';
create index carts_update_idx on carts (update_time) where state = 'ordered';

create table cart_items (
  -- A UUIDv7, so items list in the order in which they were added.
  id uuid primary key,
  cart_id uuid not null references carts on delete cascade,
  variant_id uuid not null,
  product_id uuid not null,
  quantity integer not null constraint cart_items_quantity_check check (quantity between 1 and 999),
  -- As they were offered when the item was last written: shown once the offer is gone, never charged.
  sku text not null,
  name text not null,
  unit_price bigint not null check (unit_price >= 0),
  constraint cart_items_variant_key unique (cart_id, variant_id)
);
