-- Merchants' webhooks: where each store's events go, and what became of each on its way.

create table webhook_endpoints (
  id uuid primary key,
  store_id uuid not null references stores,
  url text not null check (char_length(url) <= 2000 and url ~ '^https?://'),
  description text not null default '' check (char_length(description) <= 2000),
  -- Which types there are is for the code to know; '*' is all of them.
  event_types text[] not null check (cardinality(event_types) between 1 and 50 and array_position(event_types, null) is null),
  status text not null default 'active' check (status in ('active', 'disabled')),
  -- By hand, by an answer 410, or after 5 days of failures.
  disabled_reason text check (disabled_reason in ('manual', 'gone', 'failing')),
  -- Encrypted: it has to sign, so a hash won't do, and a copy of this table must not be able to.
  secret bytea not null,
  -- The one before, which signs too until its time is over.
  old_secret bytea,
  old_secret_expire_time timestamptz(3),
  -- The last attempt failed or took over 5 s: its deliveries keep to the few slow lanes.
  slow boolean not null default false,
  -- Since when nothing but failures came back.
  failing_since timestamptz(3),
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  version integer not null default 1 check (version > 0),
  constraint webhook_endpoints_disabled_check check ((status = 'disabled') = (disabled_reason is not null)),
  constraint webhook_endpoints_old_secret_check check ((old_secret is null) = (old_secret_expire_time is null))
);

-- A store's webhooks, and those that an event goes to.
create index webhook_endpoints_store_idx on webhook_endpoints (store_id, id desc);

-- An event on its way to an endpoint. Its body is made of the event's row, so that it is the same each time.
create table webhook_deliveries (
  id uuid primary key,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  -- Reaped with its event after 30 days.
  event_id uuid not null references events on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'succeeded', 'failed')),
  -- Attempts made since it was created or begun anew.
  attempt integer not null default 0 check (attempt between 0 and 10),
  next_time timestamptz(3) default now(),
  create_time timestamptz(3) not null default now(),
  -- An event goes to an endpoint once, however often it is published.
  constraint webhook_deliveries_once_key unique (endpoint_id, event_id),
  constraint webhook_deliveries_next_check check ((state = 'pending') = (next_time is not null))
);

create index webhook_deliveries_list_idx on webhook_deliveries (endpoint_id, id desc);
create index webhook_deliveries_event_idx on webhook_deliveries (event_id);
-- What is given up when an endpoint is disabled.
create index webhook_deliveries_pending_idx on webhook_deliveries (endpoint_id) where state = 'pending';

-- Every request that was sent, and its answer.
create table webhook_attempts (
  id uuid primary key,
  delivery_id uuid not null references webhook_deliveries on delete cascade,
  time timestamptz(3) not null,
  url text not null,
  request_headers jsonb not null check (jsonb_typeof(request_headers) = 'object'),
  request_body_sha256 text not null check (request_body_sha256 ~ '^[0-9a-f]{64}$'),
  response_status integer check (response_status between 100 and 999),
  -- 2 KiB of bytes, which as text may become up to three times as many.
  response_start text not null default '' check (octet_length(response_start) <= 6144),
  duration_ms integer not null check (duration_ms >= 0),
  error text,
  -- An answer or the reason why there is none.
  constraint webhook_attempts_answer_check check ((response_status is null) = (error is not null))
);

create index webhook_attempts_delivery_idx on webhook_attempts (delivery_id, id);

-- The log is written once; rows go only with their delivery, which the owner's foreign key sees to.
do $$
begin
  execute format('revoke update, delete on webhook_attempts from %I', current_database() || '_' || current_schema());
end $$;

-- Who pointed which events where. A URL may hold a token of the merchant's, so it appears by name only, as secrets do.
create trigger audit after insert or update or delete on webhook_endpoints
  for each row execute function audit('url', 'secret', 'old_secret', '-slow', '-failing_since', '-update_time');
