-- Sessions that their owners tell apart and end, and links that are sent by mail: to set a password, to prove an
-- e-mail address, to join a store's staff.

alter table sessions
  -- To a minute.
  add column last_used_time timestamptz(3) not null default now(),
  -- The network, not the address: 203.0.113.0/24, 2001:db8:1::/48. Of the last sign-in or refresh, as is the next one.
  add column network text check (length(network) <= 60),
  add column user_agent text check (length(user_agent) <= 300);

-- "ended" by the owner from another session, "staff" by somebody else.
alter table sessions drop constraint sessions_end_reason_check;
alter table sessions add constraint sessions_end_reason_check
  check (end_reason in ('logout', 'password', 'role', 'token_reused', 'ended', 'staff'));

-- To throw somebody out is worth a line in the audit.
create trigger audit after update of end_time on sessions
  for each row when (new.end_reason = 'staff' and old.end_time is null)
  execute function audit('network', 'user_agent', '-last_used_time', '-expire_time');

-- When the present e-mail address was proven by a link sent to it.
alter table users add column email_verified_time timestamptz(3);

-- Each is a link in one mail: single-use, expiring, one alive per purpose and person (a newer one ends the older).
create table mail_tokens (
  id uuid primary key,
  purpose text not null check (purpose in ('reset', 'verify', 'invite')),
  -- Whose password or e-mail address; an invitation is for an address that need not have an account.
  user_id uuid references users (id) on delete cascade,
  email text check (email = lower(btrim(email)) and length(email) between 3 and 254),
  -- Where it was asked for, or for an invitation the store that it leads to. Another service's, so no foreign key.
  store_id uuid,
  role text check (role in ('support', 'manager')),
  inviter_id uuid references users (id) on delete set null,
  -- SHA-256 in hex of the token. The token is made when the mail is sent and is stored nowhere: null until then.
  hash text unique check (hash ~ '^[0-9a-f]{64}$'),
  create_time timestamptz(3) not null default now(),
  send_time timestamptz(3),
  expire_time timestamptz(3) not null,
  end_time timestamptz(3),
  end_reason text check (end_reason in ('used', 'replaced', 'revoked')),
  check ((user_id is null) = (purpose = 'invite')),
  check (purpose <> 'invite' or (email is not null and store_id is not null and role is not null)),
  check (purpose = 'invite' or (email is null and role is null and inviter_id is null)),
  check ((end_time is null) = (end_reason is null))
);
create index mail_tokens_user_idx on mail_tokens (user_id, purpose, create_time) where user_id is not null;
create index mail_tokens_email_idx on mail_tokens (email, create_time) where email is not null;
create index mail_tokens_inviter_idx on mail_tokens (inviter_id) where inviter_id is not null;
-- The open invitations of a store, newest first.
create index mail_tokens_invite_idx on mail_tokens (store_id, id desc) where purpose = 'invite' and end_time is null;
-- For the daily reaping.
create index mail_tokens_expire_idx on mail_tokens (expire_time);

-- Who invited whom to what; that the mail went out is no change of what anybody may do.
create trigger audit after insert or update on mail_tokens
  for each row when (new.purpose = 'invite') execute function audit('email', '-hash', '-send_time');
