-- Money that is authorised now and captured or voided later: the setting, the operations, and the test provider's part.

-- How a store takes payments. A store without a row takes the money at once.
create table payment_settings (
  store_id uuid primary key,
  capture text not null default 'automatic' constraint payment_settings_capture_check check (capture in ('automatic', 'manual')),
  update_time timestamptz(3) not null default now()
);

create trigger audit after insert or update or delete on payment_settings
  for each row execute function audit('-update_time');

alter table payments
  -- As the store had it when the payment was asked for: a change of the setting is for the payments after it.
  add column capture text not null default 'automatic' constraint payments_capture_mode_check check (capture in ('automatic', 'manual')),
  -- The provider's own name of the charge (Stripe: the PaymentIntent), written before the money is asked for. It finds
  -- the charge for ever, where the provider forgets our key after a day.
  add column provider_reference text;
create unique index payments_by_reference on payments (method, provider_reference) where provider_reference is not null;

-- A capture or a void: the intent is written before the provider is called, and looked after by a job until it has ended.
create table payment_operations (
  -- Also the key by which the provider knows it.
  id uuid primary key,
  payment_id uuid not null references payments,
  kind text not null constraint payment_operations_kind_check check (kind in ('capture', 'void')),
  status text not null default 'pending' constraint payment_operations_status_check check (status in ('pending', 'succeeded', 'failed')),
  -- What is to be captured; a void is of all.
  amount bigint not null constraint payment_operations_amount_check check (amount >= 0),
  failure_code text,
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  constraint payment_operations_failure_check check ((failure_code is not null) = (status = 'failed')),
  constraint payment_operations_void_check check (kind = 'capture' or amount = 0)
);
create index payment_operations_by_payment on payment_operations (payment_id, create_time);
-- One at a time: a void does not race a capture.
create unique index payment_operations_one_pending on payment_operations (payment_id) where status = 'pending';

create trigger audit after insert or update or delete on payment_operations
  for each row execute function audit('-update_time');

-- The test provider authorises too, where it is asked to.
alter table test_charges drop constraint test_charges_status_check;
alter table test_charges
  add constraint test_charges_status_check check (status in ('authorized', 'captured', 'declined', 'voided')),
  -- What was taken of the amount.
  add column captured_amount bigint not null default 0,
  add constraint test_charges_captured_check check (captured_amount between 0 and amount and (captured_amount = 0 or status = 'captured')),
  drop constraint test_charges_refunded_check,
  add constraint test_charges_refunded_check check (refunded_amount between 0 and captured_amount);
