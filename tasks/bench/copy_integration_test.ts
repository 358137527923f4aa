import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import pg from "pg";
import { newId } from "../../services/shared/ids.ts";
import { type TestDatabase, testDatabase } from "../../services/shared/testing.ts";
import { loadOrders } from "./load_orders.ts";
import { loadProducts } from "./load_products.ts";

describe("the bench's loads", () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase("product");
    await database.owner.query(
      `insert into store.stores (id, slug, name, currency, locale, country, is_default)
       select $1, 'default', 'Default', 'USD', 'en-US', 'US', true where not exists (select from store.stores where slug = 'default')`,
      [newId()],
    );
  });
  after(() => database.drop());

  const rows = async (text: string) => (await database.owner.query<Record<string, unknown>>(text)).rows;

  it("loads products as the triggers would have left them, with their indexes", async () => {
    const indexes = "select indexname from pg_indexes where schemaname in ('product', 'order') order by 1";
    const before = await rows(indexes);
    await loadProducts(database.ownerUrl, 500, () => {});
    await loadOrders(database.ownerUrl, 300, () => {});
    expect(await rows(indexes)).toEqual(before);
    expect(await rows(`select count(*)::int as n from product.products`)).toEqual([{ n: 500 }]);
    expect(
      await rows(`select p.slug from product.products p join lateral (
          select min(price) as price, bool_or(on_hand > reserved) as in_stock, string_agg(sku || ' ' || name, ' ' order by position, id) as skus
          from product.variants v where v.product_id = p.id) v on true
        where (p.price, p.in_stock, p.skus) is distinct from (v.price, v.in_stock, v.skus)`),
    ).toEqual([]);
    expect(
      await rows(`select v.id from product.variants v left join (
          select variant_id, sum(delta) as sum from product.stock_movements group by 1) m on m.variant_id = v.id
        where v.on_hand <> coalesce(m.sum, 0)`),
    ).toEqual([]);
    expect(
      await rows(`select c.slug from product.categories c where product_count <>
        (select count(*) from product.products p where p.category_id = c.id and p.status = 'active')`),
    ).toEqual([]);
    expect(
      await rows(`select status from (select status, count(*) as n from "order".orders group by 1) o
        where n <> (select sum(orders) from "order".order_counts c where c.status = o.status)`),
    ).toEqual([]);
  });

  it("counts again once it is done", async () => {
    const client = new pg.Client({ connectionString: database.ownerUrl, options: "-c search_path=product,public" });
    await client.connect();
    const counted = async () => (await rows("select sum(product_count)::int as n from product.categories"))[0]?.n;
    const was = await counted();
    await client.query(
      "update products set status = 'archived' where id = (select id from products where status = 'active' limit 1)",
    );
    await client.end();
    expect(await counted()).toBe(Number(was) - 1);
  });
});
