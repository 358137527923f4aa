-- What providers sent by webhook: stored before the answer, processed by job, each event once.
-- Only what the job needs is kept: providers' payloads carry names and addresses of people.
create table webhook_events (
  provider text not null,
  -- The provider's name of the event: a duplicate finds it here.
  event_id text not null constraint webhook_events_id_check check (length(event_id) between 1 and 255),
  type text not null,
  -- What it is about, as far as it says: our key of the charge, the provider's reference to it, our key of the refund.
  charge_key text,
  reference text,
  refund_key text,
  receive_time timestamptz not null default now(),
  process_time timestamptz,
  -- "settled": the payment or refund is as the provider has it; "ignored": it is about nothing of ours.
  outcome text constraint webhook_events_outcome_check check (outcome in ('settled', 'ignored')),
  primary key (provider, event_id),
  constraint webhook_events_processed_check check ((outcome is null) = (process_time is null))
);
create index webhook_events_by_time on webhook_events (receive_time);
