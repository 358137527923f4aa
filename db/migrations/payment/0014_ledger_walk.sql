-- How far the check of the ledger has come. It goes through all payments, then through the test provider's book, a slice
-- at a time, so that no statement has to add up the whole ledger; the next run takes up where one ended.
create table ledger_walk (
  -- There is one.
  one boolean primary key default true constraint ledger_walk_one_check check (one),
  -- "payments" by their ids, then "charges" of the test provider by their keys.
  stage text not null default 'payments' constraint ledger_walk_stage_check check (stage in ('payments', 'charges')),
  -- The last id or key that was looked at; empty before the first.
  place text not null default '',
  -- What it has found so far: [{ book, currency, difference, examples }].
  found jsonb not null default '[]',
  -- When it last came to the end.
  end_time timestamptz not null default now()
);
insert into ledger_walk default values;
