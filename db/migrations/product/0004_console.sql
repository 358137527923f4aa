-- What the operators' console needs: what is running out, and images.

-- Few left, fewest first. It holds only what is low, but it has a price: an update of stock is no longer HOT, since a
-- column of an index changes, even where the row is not in it.
create index variants_low_stock on variants (store_id, (on_hand - reserved), id)
  where not archived and on_hand - reserved <= 100;

-- An image, or, until its hash is known, the upload of one. Images belong to no store: the same bytes are kept once.
create table media (
  -- The upload that brought it.
  id uuid primary key,
  -- Of all its bytes, in hex; null while it is being uploaded.
  sha256 text constraint media_sha256_key unique check (sha256 ~ '^[0-9a-f]{64}$'),
  type text check (type in ('image/jpeg', 'image/png', 'image/webp')),
  size integer check (size between 1 and 5242880),
  width integer check (width between 1 and 20000),
  height integer check (height between 1 and 20000),
  create_time timestamptz(3) not null default now(),
  constraint media_known_once_finished check (num_nulls(sha256, type, size, width, height) in (0, 5))
);

-- What is left of uploads that never ended.
create index media_unfinished on media (create_time) where sha256 is null;

-- The bytes in rows of at most 256 KiB, so that neither a message nor a process ever holds much of them.
create table media_chunks (
  media_id uuid not null references media on delete cascade,
  position integer not null check (position between 0 and 19),
  data bytea not null check (octet_length(data) between 1 and 262144),
  primary key (media_id, position)
);
-- Images are compressed already.
alter table media_chunks alter column data set storage external;
