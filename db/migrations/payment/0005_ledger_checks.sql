-- What the reconciliation last found: the ledger against the payments, and against the test provider's own book.
-- Every process of the service shows it as the metric nano_ledger_difference; 0 is well.
create table ledger_checks (
  -- "payments" or "test".
  book text not null constraint ledger_checks_book_check check (book in ('payments', 'test')),
  currency text not null,
  -- The sum of the absolute differences of each payment, in minor units: errors do not cancel out.
  difference numeric not null constraint ledger_checks_difference_check check (difference >= 0),
  -- Some of the payments at fault, by their provider keys.
  examples text[] not null default '{}',
  check_time timestamptz not null default now(),
  primary key (book, currency)
);
