-- Payments, refunds, and the ledger of what was captured and given back. Amounts are integer minor units.

create table payments (
  -- Made by the order service, so that a repeated request names the same payment.
  id uuid primary key,
  order_id uuid not null,
  store_id uuid not null,
  attempt integer not null constraint payments_attempt_check check (attempt >= 1),
  method text not null constraint payments_method_check check (length(method) between 1 and 50),
  status text not null default 'pending' constraint payments_status_check
    check (status in ('pending', 'unknown', 'authorized', 'captured', 'partially_refunded', 'refunded', 'declined', 'voided')),
  currency text not null constraint payments_currency_check check (currency ~ '^[A-Z]{3}$'),
  amount bigint not null constraint payments_amount_check check (amount >= 0),
  captured_amount bigint not null default 0,
  refunded_amount bigint not null default 0,
  -- What refunds under way have set aside: two at once can't both spend the last cent.
  refunding_amount bigint not null default 0 constraint payments_refunding_check check (refunding_amount >= 0),
  failure_code text,
  -- What the provider knows this charge by. It is written before the provider is called and used on each retry.
  provider_key text not null unique,
  -- The provider's one-time token, kept only while a call that was never received may have to be repeated.
  token text,
  -- The order's lines, to refund by line: [{ id, variant_id, quantity, total }].
  lines jsonb not null default '[]',
  user_id uuid,
  guest_hash text,
  -- The order is off: a success that comes late is voided or refunded.
  cancel_requested boolean not null default false,
  cancel_reason text,
  -- When the provider was last asked to charge.
  asked_time timestamptz not null default now(),
  -- To the millisecond, as JavaScript counts: cursors compare it.
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  version integer not null default 1,
  constraint payments_order_attempt_key unique (order_id, attempt),
  constraint payments_refunded_check check (refunded_amount >= 0 and refunded_amount + refunding_amount <= captured_amount),
  constraint payments_captured_check check (captured_amount <= amount),
  constraint payments_capture_status_check
    check (captured_amount = 0 or status in ('captured', 'partially_refunded', 'refunded')),
  constraint payments_refund_status_check check (refunded_amount = 0 or status in ('partially_refunded', 'refunded')),
  constraint payments_failure_check check ((failure_code is not null) = (status = 'declined')),
  constraint payments_token_check check (token is null or status in ('pending', 'unknown'))
);

-- An order has one payment that is under way or went well: the second buyer's click is refused here.
create unique index payments_one_per_order on payments (order_id) where status not in ('declined', 'voided');
create index payments_by_store on payments (store_id, create_time desc, id desc);
create index payments_by_status on payments (store_id, status, create_time desc, id desc);

create table refunds (
  -- Also the key by which the provider knows it.
  id uuid primary key,
  payment_id uuid not null references payments,
  status text not null default 'pending' constraint refunds_status_check check (status in ('pending', 'succeeded', 'failed')),
  amount bigint not null constraint refunds_amount_check check (amount > 0),
  reason text not null,
  restock boolean not null default false,
  failure_code text,
  create_time timestamptz(3) not null default now(),
  update_time timestamptz(3) not null default now(),
  constraint refunds_failure_check check ((failure_code is not null) = (status = 'failed'))
);
create index refunds_by_payment on refunds (payment_id, create_time, id);

-- Which units of which lines a refund gives back.
create table refund_lines (
  refund_id uuid not null references refunds,
  line_id uuid not null,
  -- Its place in the request.
  position integer not null,
  quantity integer not null constraint refund_lines_quantity_check check (quantity >= 1),
  primary key (refund_id, line_id)
);

-- What was answered under a client's Idempotency-Key; see services/shared/idempotency.ts.
create table idempotency_keys (
  store_id uuid not null,
  principal text not null,
  key text not null,
  fingerprint text not null,
  state text not null default 'in_progress' constraint idempotency_keys_state_check check (state in ('in_progress', 'done')),
  answer bytea,
  error jsonb,
  resource_id uuid not null,
  locked_until timestamptz,
  create_time timestamptz not null default now(),
  done_time timestamptz,
  primary key (store_id, principal, key)
);
create index idempotency_keys_resource on idempotency_keys (resource_id);
create index idempotency_keys_done on idempotency_keys (done_time) where done_time is not null;

-- The ledger: each movement of money is a transaction of postings that sum to zero in each currency.
create table ledger_transactions (
  id uuid primary key,
  kind text not null constraint ledger_transactions_kind_check check (kind in ('capture', 'refund')),
  payment_id uuid not null references payments,
  refund_id uuid references refunds,
  time timestamptz not null default now(),
  constraint ledger_transactions_refund_check check ((refund_id is not null) = (kind = 'refund'))
);
-- A payment is captured once and a refund given once, whatever is retried.
create unique index ledger_one_capture on ledger_transactions (payment_id) where kind = 'capture';
create unique index ledger_one_refund on ledger_transactions (refund_id) where kind = 'refund';
create index ledger_transactions_by_payment on ledger_transactions (payment_id);

create table ledger_postings (
  id bigint generated always as identity primary key,
  transaction_id uuid not null references ledger_transactions,
  -- "provider:<method>": what a provider owes us; "store:<id>": what we owe a store.
  account text not null,
  -- Debits are positive, credits negative.
  amount bigint not null constraint ledger_postings_amount_check check (amount <> 0),
  currency text not null constraint ledger_postings_currency_check check (currency ~ '^[A-Z]{3}$')
);
create index ledger_postings_by_transaction on ledger_postings (transaction_id);
create index ledger_postings_by_account on ledger_postings (account, currency);

-- At commit, when all postings are there: they sum to zero, and there are some.
create function ledger_is_balanced() returns trigger language plpgsql set search_path from current as $$
declare
  checked uuid := case tg_table_name when 'ledger_transactions' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'transaction_id' end;
begin
  if not exists (select from ledger_postings where transaction_id = checked)
     or exists (select from ledger_postings where transaction_id = checked group by currency having sum(amount) <> 0) then
    raise exception 'ledger transaction % does not sum to zero', checked
      using errcode = 'check_violation', constraint = 'ledger_balanced', table = tg_table_name;
  end if;
  return null;
end $$;

create constraint trigger ledger_balanced after insert or update on ledger_postings
  deferrable initially deferred for each row execute function ledger_is_balanced();
create constraint trigger ledger_balanced after insert on ledger_transactions
  deferrable initially deferred for each row execute function ledger_is_balanced();

-- The test provider's own book. It stands for another company's database: nothing of ours refers to it.
create table test_charges (
  key text primary key,
  status text not null constraint test_charges_status_check check (status in ('captured', 'declined')),
  amount bigint not null,
  currency text not null,
  refunded_amount bigint not null default 0,
  failure_code text,
  -- Until then the provider is still thinking.
  settle_time timestamptz not null default now(),
  create_time timestamptz not null default now(),
  constraint test_charges_refunded_check check (refunded_amount between 0 and amount)
);
create table test_refunds (
  key text primary key,
  charge_key text not null references test_charges,
  amount bigint not null constraint test_refunds_amount_check check (amount > 0),
  create_time timestamptz not null default now()
);
create index test_refunds_by_charge on test_refunds (charge_key);

-- The ledger is append-only for the service.
do $$
begin
  execute format('revoke update, delete, truncate on ledger_transactions, ledger_postings from %I', current_database() || '_payment');
end $$;
