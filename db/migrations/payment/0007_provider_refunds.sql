-- Refunds that were given at the provider itself, in its dashboard: ours have no such reference, theirs are entered once.
alter table refunds add column provider_reference text;
create unique index refunds_by_reference on refunds (provider_reference) where provider_reference is not null;
