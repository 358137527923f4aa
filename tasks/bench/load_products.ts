import pg from "pg";
import { delay } from "../shop/children.ts";
import { type Cell, copy } from "./copy.ts";
import { dropIndexes, makeIndexes } from "./indexes.ts";
import { type MadeProduct, makeCategories, makeProduct } from "./made_products.ts";

/** So many at a time, to show how far it is; and so many are made at a stretch, while others are on their way. */
const STEP = 25_000;
const STRETCH = 200;
const SEED = 7;

const PRODUCTS = `products (id, store_id, slug, name, description, status, category_id, attributes, currency, price,
  in_stock, skus, create_time, update_time)`;
const VARIANTS = "variants (id, product_id, store_id, sku, name, options, price, currency, position, on_hand)";
const MOVEMENTS = "stock_movements (variant_id, kind, delta, reason)";

interface Store {
  id: string;
  currency: string;
}

/**
 * Loads products into the default store, as the owner, by COPY: up to so many, and those after `loaded`, where so many
 * are there from before. Without the indexes, which are made afterwards, and without the triggers, whose work is done
 * here. All in one transaction: a load that breaks off leaves nothing.
 */
export async function loadProducts(
  ownerUrl: string,
  products: number,
  say: (line: string) => void,
  loaded = 0,
): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, options: "-c search_path=product,public" });
  await client.connect();
  try {
    await client.query("begin; set local maintenance_work_mem = '512MB'; set local synchronous_commit = off");
    const { rows: [store] } = await client.query<Store>(
      "select id, currency from store.stores where slug = 'default'",
    );
    if (!store) throw new Error("Cannot load products as there is no default store.");
    const categories = makeCategories(SEED);
    if (loaded === 0) {
      await copy(
        client,
        "categories (id, store_id, slug, name, parent_id)",
        categories.map(({ id, slug, name, parent_id }) => [id, store.id, slug, name, parent_id]),
      );
    }
    const indexes = await dropIndexes(client, ["products", "variants", "stock_movements"]);
    await client.query("alter table products disable trigger user; alter table variants disable trigger user");
    const words = new Set<string>();
    let sending: Promise<void> = Promise.resolve();
    for (let from = loaded + 1; from <= products; from += STEP) {
      const to = Math.min(products, from + STEP - 1);
      const made: MadeProduct[] = [];
      for (let n = from; n <= to; n++) {
        const product = makeProduct(n, products, categories, SEED);
        made.push(product);
        for (const word of product.name.toLowerCase().split(" ")) words.add(word);
        if (n % STRETCH === 0) await delay(0);
      }
      await sending;
      sending = send(client, made, store).then(() => say(`loaded ${to} of ${products} products`));
      sending.catch(() => {}); // It is told where it is awaited.
    }
    await sending;
    await client.query("alter table products enable trigger user; alter table variants enable trigger user");
    await client.query(
      "insert into search_words (word) select unnest($1::text[]) except select word from search_words",
      [[...words]],
    );
    await makeIndexes(client, indexes, say);
    await client.query(
      `update categories c set product_count = made.n
       from (select category_id, count(*) as n from products where slug like 'bench-%' and status = 'active' group by 1) made
       where c.id = made.category_id`,
    );
    await client.query("commit");
    await client.query("vacuum (analyze) products, variants, categories, stock_movements, search_words");
    say("analyzed");
  } finally {
    await client.end();
  }
}

async function send(client: pg.Client, made: readonly MadeProduct[], store: Store): Promise<void> {
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
}

function productRow(made: MadeProduct, store: Store): Cell[] {
  const { id, slug, name, description, status, category_id, attributes, create_time, variants } = made;
  const price = Math.min(...variants.map((variant) => variant.price));
  const skus = variants.map(({ sku, name }) => `${sku} ${name}`).join(" ");
  const in_stock = variants.some(({ on_hand }) => on_hand > 0);
  return [
    ...[id, store.id, slug, name, description, status, category_id, JSON.stringify(attributes), store.currency],
    ...[price, in_stock, skus, create_time, create_time],
  ];
}
