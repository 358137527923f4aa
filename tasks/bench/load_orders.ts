import pg from "pg";

/** Orders of the last 60 days for the default store, a line each, and the store's figures of those days. */
const STATEMENTS = [
  `create temporary table made as
   select gen_random_uuid() as id, i, s.id as store_id, now() - (i * interval '60 days' / $1::int) as time, 500 + i % 9500 as amount,
     (array['paid', 'processing', 'shipped', 'delivered', 'completed', 'cancelled'])[1 + i % 6] as status
   from generate_series(1, $1::int) i, store.stores s where s.slug = 'default'`,
  // Row by row in one transaction the trigger would count ever more slowly: the sum is added below.
  `alter table "order".orders disable trigger count_added`,
  `insert into "order".orders (id, store_id, number, user_id, email, status, payment_status, currency, subtotal, total,
     shipping_address, create_time, update_time)
   select id, store_id, 1000000 + i, gen_random_uuid(), 'buyer' || i || '@example.com', status, 'paid', 'USD', amount,
     amount, jsonb_build_object('name', 'Buyer ' || i, 'line1', '1 Street', 'city', 'Town', 'postal_code', '1', 'country', 'US'),
     time, time from made`,
  `alter table "order".orders enable trigger count_added`,
  `insert into "order".order_counts as c (store_id, status, slot, orders)
   select store_id, status, 0, count(*) from made group by 1, 2
   on conflict (store_id, status, slot) do update set orders = c.orders + excluded.orders`,
  `insert into "order".order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
     unit_price, tax_rate_bp, tax_included, tax, total)
   select gen_random_uuid(), id, 1, gen_random_uuid(), gen_random_uuid(), 'BENCH', 'Bench', 'USD', 1, amount, 0, false, 0,
     amount from made`,
  `insert into "order".order_history (order_id, "from", "to", actor, time) select id, '', status, 'system', time from made`,
  `insert into store.daily_stats as d (store_id, day, orders, revenue)
   select store_id, (time at time zone 'UTC')::date, count(*), sum(amount) from made group by 1, 2
   on conflict (store_id, day) do update set orders = d.orders + excluded.orders, revenue = d.revenue + excluded.revenue`,
  `insert into store.daily_sales (store_id, day, variant_id, product_id, sku, name, quantity, revenue)
   select s.id, current_date - d, gen_random_uuid(), gen_random_uuid(), 'BENCH-' || v, 'Bench ' || v, v, v * 1000
   from store.stores s, generate_series(0, 29) d, generate_series(1, 200) v where s.slug = 'default'`,
  `drop table made`,
];

/** Loads so many orders as the owner, saying how far it is. */
export async function loadOrders(ownerUrl: string, orders: number, say: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    for (const [index, statement] of STATEMENTS.entries()) {
      await client.query(statement, statement.includes("$1") ? [orders] : []);
      say(`loading ${orders} orders: step ${index + 1} of ${STATEMENTS.length}`);
    }
    await client.query("analyze");
  } finally {
    await client.end();
  }
}
