import { conflict, invalid } from "../shared/errors.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";

/** A category; `product_count` counts its own active products. */
export interface Category {
  id: string;
  store_id: string;
  slug: string;
  name: string;
  parent_id: string | null;
  product_count: number;
}

const COLUMNS = "id, store_id, slug, name, parent_id, product_count";

const inUse = () => conflict("category_in_use", "It still holds products or other categories.");
const constraints = {
  categories_slug: () => conflict("slug_taken", "Another category of the store has this slug."),
  categories_parent: () => invalid("category_not_found", "The store has no such category.", "/parent_id"),
  categories_no_cycle: () => conflict("category_cycle", "A category cannot be below itself."),
};

/** The statements on categories. */
export function createCategoryRepository(pool: Pool) {
  return {
    /** Lists all categories of a store, parents before children, siblings by name. */
    async list(store_id: string, sql: Sql = pool): Promise<Category[]> {
      const { rows } = await sql.query<Category>({
        name: "product.categories",
        text: `with recursive tree as (
                 select c.*, 0 as depth from categories c where store_id = $1 and parent_id is null
                 union all
                 select c.*, tree.depth + 1 from categories c join tree on c.parent_id = tree.id
               )
               select ${COLUMNS} from tree order by depth, fold(name), id`,
        values: [store_id],
      });
      return rows;
    },

    async get(id: string): Promise<Category | undefined> {
      const { rows: [row] } = await pool.query<Category>({
        name: "product.category",
        text: `select ${COLUMNS} from categories where id = $1`,
        values: [id],
      });
      return row;
    },

    /** Inserts a category. A slug that was made from the name gives way to one that is there. */
    async insert(tx: Tx, category: Omit<Category, "product_count">, slugGiven: boolean): Promise<Category> {
      const { id, store_id, slug, name, parent_id } = category;
      const { rows } = await orElse(
        tx.query<Category>({
          text: `insert into categories (id, store_id, slug, name, parent_id)
                 values ($1, $2,
                   case when not $6 and exists (select from categories where store_id = $2 and slug = $3) then $3 || '-' || $7 else $3 end,
                   $4, $5)
                 returning ${COLUMNS}`,
          values: [id, store_id, slug, name, parent_id, slugGiven, id.slice(-6)],
        }),
        constraints,
      );
      return rows[0] as Category;
    },

    /** Changes a category; undefined if it has gone. */
    async update(
      tx: Tx,
      category: Pick<Category, "id" | "slug" | "name" | "parent_id">,
    ): Promise<Category | undefined> {
      const { id, slug, name, parent_id } = category;
      const { rows: [row] } = await orElse(
        tx.query<Category>({
          text:
            `update categories set slug = $2, name = $3, parent_id = $4, update_time = now() where id = $1 returning ${COLUMNS}`,
          values: [id, slug, name, parent_id],
        }),
        constraints,
      );
      return row;
    },

    /** Deletes a category that nothing is in. Throws `category_in_use`. */
    async delete(tx: Tx, id: string): Promise<void> {
      await orElse(
        tx.query({ text: "delete from categories where id = $1", values: [id] }),
        { products_category: inUse, categories_parent: inUse },
      );
    },
  };
}
