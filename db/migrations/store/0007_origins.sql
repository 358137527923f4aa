-- The origins of a store's browser storefronts, which may read its answers (CORS).

alter table stores add column origins text[] not null default '{}' check (cardinality(origins) <= 20);

-- Few stores have any; the gateways ask for all of them every few seconds.
create index stores_origins_idx on stores (id) where origins <> '{}';
