import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import type pg from "pg";
import { newId } from "../shared/ids.ts";
import type { Statement } from "../shared/postgres.ts";
import { testDatabase } from "../shared/testing.ts";
import { countStatement, listStatement } from "./listing.ts";
import { STATUSES } from "./product.ts";
import type { ListQuery, Sort } from "./walk.ts";

const PRODUCTS = 50_000;
const KEYS: Record<Sort, string> = {
  "name": "sort_name",
  "price": "price",
  "-price": "price",
  "-create_time": "create_time",
  "relevance": "score",
};

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Shared Hit Blocks"?: number;
  "Shared Read Blocks"?: number;
  "Plans"?: Node[];
}

describe(`the list of ${PRODUCTS} products`, () => {
  const store_id = newId();
  const [top, middle, leaf] = [newId(), newId(), newId()];
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let client: pg.PoolClient;

  before(async () => {
    database = await testDatabase("product");
    client = await database.owner.connect();
    await fill(client, { store_id, top, middle, leaf });
  });
  after(async () => {
    client.release();
    await database.drop();
  });

  async function explain(statement: Statement): Promise<Node> {
    const { rows: [row] } = await client.query<{ "QUERY PLAN": [{ Plan: Node }] }>(
      `explain (analyze, buffers, timing off, format json) ${statement.text}`,
      statement.values,
    );
    if (!row) throw new Error("Cannot read a plan as there is none.");
    return row["QUERY PLAN"][0].Plan;
  }

  /** The plan for values that are not known: what a prepared statement comes to have. */
  async function explainGeneric(statement: Statement): Promise<Node> {
    const values = (statement.values ?? []).map((value) =>
      value === null ? "null" : `'${String(value).replaceAll("'", "''")}'`
    );
    await client.query(`set plan_cache_mode = force_generic_plan; prepare list as ${statement.text}`);
    try {
      return await explain({ text: `execute list(${values.join(", ")})`, values: [] });
    } finally {
      await client.query("deallocate list; reset plan_cache_mode");
    }
  }

  const filters: [string, Partial<ListQuery>][] = [
    ["without a filter", {}],
    ["of a category", { category: leaf }],
    ["of a category with descendants, by slug", { category: "top" }],
    ["in stock", { in_stock: true }],
    ["out of stock, of which there are few", { in_stock: false }],
    ["out of stock in a category", { in_stock: false, category: middle }],
    ["of a narrow price range", { min_price: 500, max_price: 502 }],
    ["of a wide price range", { min_price: 10, max_price: 900 }],
    ["of a category and a price range", { category: "top", min_price: 400, max_price: 600 }],
    ["of a rare status", { statuses: ["draft"] }],
    ["of all statuses", { statuses: STATUSES }],
    ["with a rare word", { q: "rare" }],
    ["with a rare beginning of a word", { q: "product 4999" }],
    ["with a common beginning of a word", { q: "pro" }],
    ["with a misspelt word", { q: "prodcut", forgiving: true }],
    ["with a common word in a category", { q: "product", category: leaf }],
    ["with everything at once", { q: "prod", category: "top", in_stock: true, min_price: 100, max_price: 800 }],
  ];
  const sorts: Sort[] = ["name", "price", "-price", "-create_time"];
  /** A search has one order more. */
  const sortsOf = ({ q }: Partial<ListQuery>): Sort[] => q === undefined ? sorts : [...sorts, "relevance"];
  const after_: Record<Sort, string | number> = {
    name: "product 25000",
    price: 500,
    "-price": 500,
    "-create_time": "2025-06-01T00:00:00.000Z",
    "relevance": 35,
  };

  for (const [what, filter] of filters) {
    it(`${what} walks along an index in each order, on the first page and later ones`, async () => {
      for (const sort of sortsOf(filter)) {
        for (const after of [undefined, { key: after_[sort], id: newId() }]) {
          const statement = listStatement({ store_id, statuses: ["active"], limit: 20, ...filter, sort, after });
          const plans = [await explain(statement), ...(statement.name ? [await explainGeneric(statement)] : [])];
          for (const plan of plans) {
            expect(nodesOn(plan, "products").filter((type) => type === "Seq Scan")).toEqual([]);
            expect(nodesOn(plan, "products").some((type) => /Index/.test(type))).toBe(true);
            expect(nodesOn(plan, "variants").filter((type) => type === "Seq Scan")).toEqual([]);
          }
        }
      }
    });
  }

  it("reads no more than a few pages of a list, and of a search what it looks at and 1,000 hits", async () => {
    for (const [what, filter] of filters) {
      for (const sort of sortsOf(filter)) {
        for (const after of [undefined, { key: after_[sort], id: newId() }]) {
          const statement = listStatement({ store_id, statuses: ["active"], limit: 20, ...filter, sort, after });
          const plan = await (statement.name ? explainGeneric(statement) : explain(statement));
          const blocks = (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
          const few = blocks < (filter.q ? 6_000 : 1_200);
          expect({ what, sort, after, blocks, few }).toEqual({ what, sort, after, blocks, few: true });
        }
      }
    }
  });

  it("finds by a search what is neither among the first that it looks at nor common, in each order and page by page", async () => {
    for (const sort of sortsOf({ q: "rare" })) {
      const found: string[] = [];
      let after: ListQuery["after"];
      for (;;) {
        const query = { store_id, statuses: ["active" as const], limit: 4, q: "rare", sort, after };
        const { rows } = await client.query<{ id: string; slug: string } & Record<string, string | number | Date>>(
          listStatement(query),
        );
        found.push(...rows.slice(0, 4).map(({ slug }) => slug));
        const last = rows[3];
        if (rows.length <= 4 || !last) break;
        const key = last[KEYS[sort]];
        after = { key: key instanceof Date ? key.toISOString() : key ?? "", id: last.id };
      }
      const wanted = Array.from({ length: PRODUCTS / 5_000 }, (_, index) => `p${(index + 1) * 5_000}`);
      expect(found.toSorted()).toEqual(wanted.toSorted());
    }
  });

  it("ranks the newest that have a common word, and for those who turn pages what its index finds, each once", async () => {
    const seen: string[] = [];
    let after: ListQuery["after"];
    for (let more = true; more;) {
      const query = {
        store_id,
        statuses: ["active" as const],
        limit: 100,
        q: "product",
        sort: "relevance" as const,
        after,
      };
      const { rows } = await client.query<{ id: string; score: number }>(listStatement(query));
      const page = rows.slice(0, 100);
      seen.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      more = rows.length > 100 && last !== undefined;
      after = last && { key: last.score, id: last.id };
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(1_500);
    const { rows: [newest] } = await client.query<{ id: string }>(
      "select id from products where store_id = $1 and status = 'active' order by create_time desc limit 1",
      [store_id],
    );
    // With the 1,000 of those looked at go the 100 first names that begin as typed; of one score the ids decide.
    expect(seen.slice(0, 1_100)).toContain(newest?.id);
  });

  it("begins a later page in the order of prices at the cursor, not at the end of the range", async () => {
    for (const [sort, key] of [["price", 900], ["-price", 100]] as const) {
      const query = { store_id, statuses: ["active" as const], limit: 20, sort, after: { key, id: newId() } };
      const plan = await explain(listStatement({ ...query, min_price: 1, max_price: 998 }));
      const blocks = (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
      expect({ sort, few: blocks < 400 }).toEqual({ sort, few: true });
    }
  });

  it("counts without reading other stores", async () => {
    const plan = await explain(countStatement({ store_id: newId(), statuses: ["active"] }));
    expect(nodesOn(plan, "products").some((type) => /Index/.test(type))).toBe(true);
  });

  it("prepares one statement for each text", () => {
    const byName = new Map<string, string>();
    for (const [, filter] of filters) {
      for (const sort of sortsOf(filter)) {
        for (const after of [undefined, { key: after_[sort], id: newId() }]) {
          const { name, text } = listStatement({ store_id, statuses: ["active"], limit: 20, ...filter, sort, after });
          if (!name) continue;
          expect(name.length).toBeLessThan(64);
          expect(byName.get(name) ?? text).toBe(text);
          byName.set(name, text);
        }
      }
    }
  });
});

/** The types of the nodes of a plan that read a table. */
function nodesOn(plan: Node, table: string): string[] {
  const own = plan["Relation Name"] === table ? [plan["Node Type"]] : [];
  return [...own, ...(plan.Plans ?? []).flatMap((node) => nodesOn(node, table))];
}

/** Fills a store; what triggers keep is given, so that the triggers can rest meanwhile. */
async function fill(
  client: pg.PoolClient,
  of: { store_id: string; top: string; middle: string; leaf: string },
): Promise<void> {
  await client.query("set search_path = product, public");
  await client.query("alter table products disable trigger user; alter table variants disable trigger user");
  await client.query(
    `insert into categories (id, store_id, slug, name, parent_id)
     values ($2, $1, 'top', 'Top', null), ($3, $1, 'middle', 'Middle', $2), ($4, $1, 'leaf', 'Leaf', $3)`,
    [of.store_id, of.top, of.middle, of.leaf],
  );
  await client.query(
    `insert into products (id, store_id, slug, name, description, status, category_id, currency, price, in_stock, create_time)
     select gen_random_uuid(), $1, 'p' || n, 'Product ' || n, case when n % 5000 = 0 then 'rare' else 'usual' end,
       case when n % 100 = 7 then 'draft' else 'active' end,
       case n % 4 when 0 then $2::uuid when 1 then $3::uuid when 2 then $4::uuid end,
       'USD', n % 1000, n % 200 <> 3, timestamptz '2025-01-01' + n * interval '10 minutes'
     from generate_series(1, ${PRODUCTS}) n`,
    [of.store_id, of.top, of.middle, of.leaf],
  );
  await client.query(
    `insert into variants (id, product_id, store_id, sku, price, currency, position, on_hand)
     select gen_random_uuid(), id, store_id, 'S-' || slug, price, currency, 0, case when in_stock then 5 else 0 end from products`,
  );
  await client.query("insert into search_words (word) values ('product')");
  await client.query("alter table products enable trigger user; alter table variants enable trigger user");
  await client.query("analyze products; analyze variants; analyze categories; analyze search_words");
}
