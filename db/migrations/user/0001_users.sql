-- People, the ways in which they are signed in, and where they live.

-- Times that lists are sorted by have milliseconds, as JavaScript's have: a cursor then names them exactly.
create table users (
  id uuid primary key,
  -- Normalised by the application (trimmed, lower case, ASCII); the unique index below would hold even if it were not.
  email text not null check (email = lower(btrim(email)) and length(email) between 3 and 254),
  name text check (length(name) between 1 and 200),
  -- argon2id in PHC form, never anything else.
  password_hash text not null check (password_hash like '$argon2id$%'),
  -- The role on the platform; roles in stores are in store_roles.
  role text not null default 'customer' check (role in ('customer', 'admin')),
  -- What `GET /users?q=` searches.
  search text not null generated always as (lower(email || ' ' || coalesce(name, ''))) stored,
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now()
);
create unique index users_email_key on users (lower(email));
-- The list, newest first, all or by role.
create index users_create_time_idx on users (create_time desc, id desc);
create index users_role_idx on users (role, create_time desc, id desc);
create index users_search_idx on users using gin (search public.gin_trgm_ops);

-- Staff: one role per user and store. Stores are another service's, so no foreign key.
create table store_roles (
  user_id uuid not null references users (id) on delete cascade,
  store_id uuid not null,
  role text not null check (role in ('support', 'manager')),
  create_time timestamptz(3) not null default now(),
  primary key (user_id, store_id)
);
create index store_roles_store_idx on store_roles (store_id, role, user_id);

-- Which stores know a user as a customer, so that their managers may see the user.
create table store_customers (
  user_id uuid not null references users (id) on delete cascade,
  store_id uuid not null,
  create_time timestamptz(3) not null default now(),
  primary key (user_id, store_id)
);
create index store_customers_store_idx on store_customers (store_id, user_id);

-- The truth about who is signed in. A session is a family of refresh tokens, too.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  create_time timestamptz not null default now(),
  -- Slides with each refresh, to the end of the last token.
  expire_time timestamptz not null,
  -- The end that no refresh moves.
  last_expire_time timestamptz not null,
  end_time timestamptz,
  end_reason text check (end_reason in ('logout', 'password', 'role', 'token_reused')),
  check (expire_time <= last_expire_time),
  check ((end_time is null) = (end_reason is null))
);
create index sessions_user_idx on sessions (user_id) where end_time is null;
-- For the daily reaping.
create index sessions_expire_idx on sessions (expire_time);

-- Each can be used once. Spent ones are kept until they would have expired, for to see one again means theft.
create table refresh_tokens (
  -- SHA-256 in hex; the token itself is stored nowhere.
  hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
  session_id uuid not null references sessions (id) on delete cascade,
  -- The token that was spent for this one; a login's has none.
  parent_hash text references refresh_tokens (hash) on delete set null,
  create_time timestamptz not null default now(),
  expire_time timestamptz not null,
  spent_time timestamptz
);
create index refresh_tokens_session_idx on refresh_tokens (session_id);
create index refresh_tokens_parent_idx on refresh_tokens (parent_hash) where parent_hash is not null;
create index refresh_tokens_expire_idx on refresh_tokens (expire_time);

-- A user's address book.
create table addresses (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  name text not null check (length(name) between 1 and 200),
  company text check (length(company) between 1 and 200),
  line1 text not null check (length(line1) between 1 and 200),
  line2 text check (length(line2) between 1 and 200),
  city text not null check (length(city) between 1 and 200),
  region text check (length(region) between 1 and 200),
  postal_code text not null check (length(postal_code) between 1 and 40),
  country text not null check (country ~ '^[A-Z]{2}$'),
  phone text check (length(phone) between 1 and 40),
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now()
);
create index addresses_user_idx on addresses (user_id, create_time desc, id desc);
