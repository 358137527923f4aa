-- What is running out, without a price for every sale: an index on a column that stays the same while there is plenty.
-- The one on on_hand and reserved made each reservation write to all indexes of the table.

-- How many can be bought, 101 standing for all that are more.
alter table variants add column low_stock integer not null generated always as (least(on_hand - reserved, 101)) stored;
create index variants_running_low on variants (store_id, low_stock, id) where not archived and low_stock <= 100;
drop index variants_low_stock;

-- As before; what is derived is not noted.
drop trigger audit on variants;
create trigger audit after insert or delete
  or update of sku, name, options, price, position, archived on variants
  for each row execute function audit('-on_hand', '-reserved', '-low_stock');
