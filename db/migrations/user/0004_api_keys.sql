-- Keys of machines: publishable ones for storefronts, secret ones with scopes. Each is of one store.

create table api_keys (
  id uuid primary key,
  -- Another service's, so no foreign key.
  store_id uuid not null,
  kind text not null check (kind in ('publishable', 'secret')),
  name text not null check (length(name) between 1 and 200),
  -- Permissions of services/shared/permissions.ts; a publishable key has none, as it may what anybody may.
  scopes text[] not null check (kind = 'secret' or scopes = '{}'),
  -- SHA-256 in hex; the key itself is stored nowhere. It has 256 random bits, so no salt is needed.
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  -- What people tell keys apart by.
  prefix text not null,
  last4 text not null check (length(last4) = 4),
  -- Who made it; the key outlives the account.
  creator_id uuid references users (id) on delete set null,
  create_time timestamptz(3) not null default now(),
  -- Written at most once a minute.
  last_used_time timestamptz(3),
  revoke_time timestamptz(3)
);
create index api_keys_store_idx on api_keys (store_id, create_time desc, id desc);
create index api_keys_creator_idx on api_keys (creator_id) where creator_id is not null;

-- Made and revoked is worth a line, used is not.
create trigger audit after insert or update or delete on api_keys
  for each row execute function audit('hash', '-last_used_time');
