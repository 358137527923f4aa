import pg from "pg";
import { dropIndexes, makeIndexes } from "./indexes.ts";

/** So many at a time, to show how far it is. */
const STEP = 50_000;

/** $1 to $2 of $3: of the last 60 days, each the same the next time, but for the days. */
const MADE = `create temporary table made on commit drop as
   select md5('order ' || i)::uuid as id, i, s.id as store_id, now() - (i * interval '60 days' / $3::int) as time,
     500 + hashint4(i)::bigint % 4500 + 4500 as amount,
     (array['paid', 'processing', 'shipped', 'delivered', 'completed', 'completed', 'completed', 'cancelled'])[1 + i % 8]
       as status,
     md5('buyer ' || i % ($3::int / 4 + 1))::uuid as user_id,
     (array['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald', 'radia', 'leslie'])[1 + i % 8] || i % ($3::int / 4 + 1)
       as name
   from generate_series($1::int, $2::int) i, store.stores s where s.slug = 'default'`;

/** A line each, and the store's figures of those days. */
const STATEMENTS = [
  `insert into "order".orders (id, store_id, number, user_id, email, status, payment_status, currency, subtotal, total,
     shipping_address, create_time, update_time)
   select id, store_id, 1000000 + i, user_id, name || '@example.com', status, 'paid', 'USD', amount, amount,
     jsonb_build_object('name', initcap(name), 'line1', '1 Street', 'city', 'Town', 'postal_code', '1', 'country', 'US'),
     time, time from made`,
  `insert into "order".order_counts as c (store_id, status, slot, orders)
   select store_id, status, 0, count(*) from made group by 1, 2
   on conflict (store_id, status, slot) do update set orders = c.orders + excluded.orders`,
  `insert into "order".order_items (id, order_id, position, product_id, variant_id, sku, name, currency, quantity,
     unit_price, tax_rate_bp, tax_included, tax, total)
   select md5('item ' || i)::uuid, id, 1, md5('product ' || i % 1000)::uuid, md5('variant ' || i % 1000)::uuid, 'BENCH',
     'Bench', 'USD', 1, amount, 0, false, 0, amount from made`,
  `insert into "order".order_history (order_id, "from", "to", actor, time) select id, '', status, 'system', time from made`,
  `insert into store.daily_stats as d (store_id, day, orders, revenue)
   select store_id, (time at time zone 'UTC')::date, count(*), sum(amount) from made group by 1, 2
   on conflict (store_id, day) do update set orders = d.orders + excluded.orders, revenue = d.revenue + excluded.revenue`,
];

const SALES = `insert into store.daily_sales (store_id, day, variant_id, product_id, sku, name, quantity, revenue)
   select s.id, current_date - d, md5('variant ' || v)::uuid, md5('product ' || v)::uuid, 'BENCH-' || v, 'Bench ' || v, v,
     v * 1000
   from store.stores s, generate_series(0, 29) d, generate_series(1, 200) v where s.slug = 'default'`;

/**
 * Loads orders as the owner, saying how far it is: up to so many, and those after `loaded`, where so many are there from
 * before. A load that breaks off leaves nothing.
 */
export async function loadOrders(
  ownerUrl: string,
  orders: number,
  say: (line: string) => void,
  loaded = 0,
): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query("begin; set local maintenance_work_mem = '512MB'; set local synchronous_commit = off");
    const indexes = await dropIndexes(client, [`"order".orders`, `"order".order_items`, `"order".order_history`]);
    // Row by row in one transaction the trigger would count ever more slowly: the sums are added here.
    await client.query(`alter table "order".orders disable trigger count_added`);
    for (let from = loaded + 1; from <= orders; from += STEP) {
      const to = Math.min(orders, from + STEP - 1);
      await client.query(MADE, [from, to, orders]);
      for (const statement of STATEMENTS) await client.query(statement);
      await client.query("drop table made");
      say(`loaded ${to} of ${orders} orders`);
    }
    if (loaded === 0) await client.query(SALES);
    // The checks of foreign keys wait; the tables can't be changed before.
    await client.query("set constraints all immediate");
    await client.query(`alter table "order".orders enable trigger count_added`);
    await makeIndexes(client, indexes, say);
    await client.query("commit");
    await client.query(
      `vacuum (analyze) "order".orders, "order".order_items, "order".order_history, "order".order_counts, store.daily_stats,
         store.daily_sales`,
    );
    say("analyzed");
  } finally {
    await client.end();
  }
}
