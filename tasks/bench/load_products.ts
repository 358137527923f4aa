import pg from "pg";
import { type Cell, copy } from "./copy.ts";
import { dropIndexes, makeIndexes } from "./indexes.ts";
import { type MadeProduct, makeCategories, makeProduct } from "./made_products.ts";

/** So many at a time, to show how far it is. */
const STEP = 25_000;
const SEED = 7;

const PRODUCTS = `products (id, store_id, slug, name, description, status, category_id, attributes, currency, price,
  in_stock, skus, create_time, update_time)`;
const VARIANTS = "variants (id, product_id, store_id, sku, name, options, price, currency, position, on_hand)";
const MOVEMENTS = "stock_movements (variant_id, kind, delta, reason)";

/**
 * Loads so many products into the default store, as the owner, by COPY: without the indexes, which are made afterwards,
 * and without the triggers, whose work is done here. All in one transaction: a load that breaks off leaves nothing.
 */
export async function loadProducts(ownerUrl: string, products: number, say: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, options: "-c search_path=product,public" });
  await client.connect();
  try {
    await client.query("begin; set local maintenance_work_mem = '512MB'; set local synchronous_commit = off");
    const { rows: [store] } = await client.query<{ id: string; currency: string }>(
      "select id, currency from store.stores where slug = 'default'",
    );
    if (!store) throw new Error("Cannot load products as there is no default store.");
    const categories = makeCategories(SEED);
    await copy(
      client,
      "categories (id, store_id, slug, name, parent_id)",
      categories.map(({ id, slug, name, parent_id }) => [id, store.id, slug, name, parent_id]),
    );
    const indexes = await dropIndexes(client, ["products", "variants", "stock_movements"]);
    await client.query("alter table products disable trigger user; alter table variants disable trigger user");
    for (let from = 1; from <= products; from += STEP) {
      const to = Math.min(products, from + STEP - 1);
      const made = Array.from(
        { length: to - from + 1 },
        (_, index) => makeProduct(from + index, products, categories, SEED),
      );
      await copy(client, PRODUCTS, made.map((product) => productRow(product, store)));
      const variants = made.flatMap((product) => product.variants.map((variant) => ({ product, variant })));
      await copy(
        client,
        VARIANTS,
        variants.map(({ product, variant: { id, sku, name, options, price, on_hand } }, index) => [
          ...[id, product.id, store.id, sku, name],
          ...[JSON.stringify(options), price, store.currency, index, on_hand],
        ]),
      );
      const stocked = variants.filter(({ variant }) => variant.on_hand > 0);
      await copy(client, MOVEMENTS, stocked.map(({ variant }) => [variant.id, "initial", variant.on_hand, "bench"]));
      say(`loaded ${to} of ${products} products`);
    }
    await client.query("alter table products enable trigger user; alter table variants enable trigger user");
    await makeIndexes(client, indexes, say);
    await client.query(
      `update categories c set product_count = product_count + made.n
       from (select category_id, count(*) as n from products where slug like 'bench-%' and status = 'active' group by 1) made
       where c.id = made.category_id`,
    );
    await client.query("commit");
    await client.query("vacuum (analyze) products, variants, categories, stock_movements");
    say("analyzed");
  } finally {
    await client.end();
  }
}

function productRow(made: MadeProduct, store: { id: string; currency: string }): Cell[] {
  const { id, slug, name, description, status, category_id, attributes, create_time, variants } = made;
  const price = Math.min(...variants.map((variant) => variant.price));
  const skus = variants.map(({ sku, name }) => `${sku} ${name}`).join(" ");
  const in_stock = variants.some(({ on_hand }) => on_hand > 0);
  return [
    ...[id, store.id, slug, name, description, status, category_id, JSON.stringify(attributes), store.currency],
    ...[price, in_stock, skus, create_time, create_time],
  ];
}
