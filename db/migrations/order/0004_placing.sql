-- The orders that are being placed are few at any time, and the age of the oldest is a metric: without an index each
-- scrape would read all orders.
create index orders_placing on orders (create_time) where status = 'placing';
