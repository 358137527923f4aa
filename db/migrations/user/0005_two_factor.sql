-- The second factor of staff: one-time codes by time (TOTP, RFC 6238), recovery codes, confirmed sessions.

create table totp (
  -- The user's id.
  id uuid primary key references users (id) on delete cascade,
  -- Sealed by the service (AES-GCM), so that a copy of the table makes no codes.
  secret bytea not null,
  -- Null while the first code is awaited: until then it is not asked for.
  confirm_time timestamptz(3),
  -- The step of 30 s whose code was used last: no code is taken twice.
  last_step bigint not null default 0,
  -- SHA-256 in hex of the recovery codes that are left; each has 80 random bits, so no salt is needed.
  recovery_hashes text[] not null default '{}',
  create_time timestamptz(3) not null default now()
);

create trigger audit after insert or update or delete on totp
  for each row execute function audit('secret', 'recovery_hashes', '-last_step');

-- When the user last proved, within this session, to be there (POST /auth/step-up).
alter table sessions add column confirm_time timestamptz;

-- The operator's rules for all staff: one row.
create table security_settings (
  id boolean primary key default true check (id),
  -- Whether staff must have a second factor.
  require_totp boolean not null default false,
  -- Staff with a second factor confirm refunds over this, in major units of the refund's currency.
  step_up_refund_amount bigint not null default 500 check (step_up_refund_amount between 0 and 1000000000),
  update_time timestamptz(3) not null default now()
);
insert into security_settings default values;

create trigger audit after insert or update or delete on security_settings
  for each row execute function audit('-update_time');
