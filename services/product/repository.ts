import type { ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { listAudit } from "../shared/audit.ts";
import { conflict, invalid } from "../shared/errors.ts";
import { isId, newId } from "../shared/ids.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";
import { countStatement, type ListedProduct, type ListQuery, listStatement, PRODUCT_COLUMNS } from "./listing.ts";
import { createCategoryRepository } from "./category_repository.ts";
import type { ExistingVariant, Product, ProductFields, Status, VariantPlan } from "./product.ts";
import { createMediaRepository } from "./media_repository.ts";
import { createStockLists } from "./stock_lists.ts";
import { createStockRepository } from "./stock_repository.ts";

export type Repository = ReturnType<typeof createRepository>;

/** A product as a change finds it, locked, with all its variants. */
export interface LockedProduct extends ProductFields {
  id: string;
  store_id: string;
  category_id: string | null;
  currency: string;
  version: number;
  status: Status;
  variants: ExistingVariant[];
}

/** What is told of a change. */
type ChangedProduct = Pick<Product, "id" | "store_id" | "slug" | "name" | "status" | "version">;

type ProductRow = Omit<ListedProduct, "variants"> & { variants: string };

/** A page's rows hold at most so many characters: a page of the largest legal products would not fit an answer. */
const MAX_PAGE_TEXT = 1_500_000;

const constraints = {
  products_slug: () => conflict("slug_taken", "Another product of the store has this slug."),
  variants_sku: () => conflict("sku_taken", "Another variant of the store has one of these SKUs."),
};

/** The statements on products and their variants, and beside them, from files of their own, on stock and categories. */
export function createRepository(pool: Pool) {
  return {
    stock: createStockRepository(pool),
    stock_lists: createStockLists(pool),
    categories: createCategoryRepository(pool),
    media: createMediaRepository(pool),
    listAudit: (request: ListAuditRequest) => listAudit(pool, request),

    /** Lists a page; `more` says whether another follows. Large products make it shorter than its limit. */
    async list(query: ListQuery): Promise<{ products: ListedProduct[]; more: boolean }> {
      const { rows } = await pool.query<ProductRow>(listStatement(query));
      const products: ListedProduct[] = [];
      let size = 0;
      for (const row of rows.slice(0, query.limit)) {
        size += row.description.length + row.variants.length + (row.images.length + 1) * 2_000;
        if (size > MAX_PAGE_TEXT && products.length > 0) break;
        products.push(toProduct(row));
      }
      return { products, more: rows.length > products.length };
    },

    async count(query: Omit<ListQuery, "sort" | "limit">): Promise<number> {
      const { rows: [row] } = await pool.query<{ total: number }>(countStatement(query));
      return row?.total ?? 0;
    },

    async getById(id: string, sql: Sql = pool): Promise<Product | undefined> {
      const { rows: [row] } = await sql.query<ProductRow>({
        name: "product.by_id",
        text:
          `select ${PRODUCT_COLUMNS} from products p left join categories c on c.id = p.category_id where p.id = $1`,
        values: [id],
      });
      return row && toProduct(row);
    },

    async getBySlug(store_id: string, slug: string): Promise<Product | undefined> {
      const { rows: [row] } = await pool.query<ProductRow>({
        name: "product.by_slug",
        text: `select ${PRODUCT_COLUMNS} from products p left join categories c on c.id = p.category_id
               where p.store_id = $1 and p.slug = $2`,
        values: [store_id, slug],
      });
      return row && toProduct(row);
    },

    async idBySlug(tx: Tx, store_id: string, slug: string): Promise<string | undefined> {
      const { rows: [row] } = await tx.query<{ id: string }>({
        name: "product.id_by_slug",
        text: "select id from products where store_id = $1 and slug = $2",
        values: [store_id, slug],
      });
      return row?.id;
    },

    /** The category that people mean: by its slug or id, else by its name without regard to case. */
    async categoryNamed(tx: Tx, store_id: string, named: string): Promise<{ id: string; slug: string } | undefined> {
      const { rows: [row] } = await tx.query<{ id: string; slug: string }>({
        name: "product.category_named",
        text: `select id, slug from categories
               where store_id = $1 and (slug = $2 or id::text = lower($2) or lower(name) = lower($2))
               order by slug = $2 desc, id limit 1`,
        values: [store_id, named],
      });
      return row;
    },

    /** The store of a product; undefined if there is none. */
    async storeOf(id: string): Promise<string | undefined> {
      const { rows: [row] } = await pool.query<{ store_id: string }>({
        name: "product.store",
        text: "select store_id from products where id = $1",
        values: [id],
      });
      return row?.store_id;
    },

    /** Locks the variants of a product, then itself: the order in which sales lock them. */
    async lock(tx: Tx, id: string): Promise<LockedProduct | undefined> {
      const { rows: variants } = await tx.query<ExistingVariant>({
        text: `select id, sku, name, options, price, position, archived from variants
               where product_id = $1 order by id for no key update`,
        values: [id],
      });
      const { rows: [row] } = await tx.query<Omit<LockedProduct, "variants">>({
        text: `select id, store_id, slug, name, description, status, category_id, attributes, images, currency, version
               from products where id = $1 for no key update`,
        values: [id],
      });
      return row && { ...row, variants };
    },

    /** The id of a store's category. Throws `category_not_found`. */
    async categoryId(tx: Tx, store_id: string, id_or_slug: string): Promise<string> {
      const { rows: [row] } = await tx.query<{ id: string }>({
        text: `select id from categories where store_id = $1 and ${isId(id_or_slug) ? "id = $2::uuid" : "slug = $2"}`,
        values: [store_id, id_or_slug],
      });
      if (!row) throw invalid("category_not_found", "The store has no such category.", "/category");
      return row.id;
    },

    /** Inserts a product without variants. A slug that was made from the name gives way to one that is there. */
    async insert(
      tx: Tx,
      product: ProductFields & { id: string; store_id: string; category_id: string | null; currency: string },
      slugGiven: boolean,
    ): Promise<void> {
      const { id, store_id, slug, name, description, status, category_id, attributes, images, currency } = product;
      await orElse(
        tx.query({
          text:
            `insert into products (id, store_id, slug, name, description, status, category_id, attributes, images, currency)
                 values ($1, $2,
                   case when not $11 and exists (select from products where store_id = $2 and slug = $3) then $3 || '-' || $12 else $3 end,
                   $4, $5, $6, $7, $8, $9, $10)`,
          values: [
            id,
            store_id,
            slug,
            name,
            description,
            status,
            category_id,
            JSON.stringify(attributes),
            JSON.stringify(images),
            currency,
            slugGiven,
            id.slice(-6),
          ],
        }),
        constraints,
      );
    },

    async update(tx: Tx, id: string, product: ProductFields & { category_id: string | null }): Promise<void> {
      const { slug, name, description, status, category_id, attributes, images } = product;
      await orElse(
        tx.query({
          text:
            `update products set slug = $2, name = $3, description = $4, status = $5, category_id = $6, attributes = $7,
                   images = $8, version = version + 1, update_time = now()
                 where id = $1`,
          values: [
            id,
            slug,
            name,
            description,
            status,
            category_id,
            JSON.stringify(attributes),
            JSON.stringify(images),
          ],
        }),
        constraints,
      );
    },

    /** Puts another URL in the place of an image's, wherever the product still shows it; undefined if it does not. */
    async replaceImage(tx: Tx, id: string, from: string, to: string): Promise<ChangedProduct | undefined> {
      const { rows: [row] } = await tx.query<ChangedProduct>({
        name: "product.replace_image",
        text: `update products set version = version + 1, update_time = now(), images = (
                 select jsonb_agg(
                   case when image ->> 'url' = $2 then image || jsonb_build_object('url', $3::text) else image end
                   order by place)
                 from jsonb_array_elements(images) with ordinality listed (image, place))
               where id = $1 and images @> jsonb_build_array(jsonb_build_object('url', $2::text))
               returning id, store_id, slug, name, status, version`,
        values: [id, from, to],
      });
      return row;
    },

    /** Writes what is planned for a product's variants: first those that go, so that their SKUs are free. */
    async writeVariants(
      tx: Tx,
      product: { id: string; store_id: string; currency: string },
      plan: VariantPlan,
    ): Promise<void> {
      if (plan.archived.length > 0) {
        await tx.query({ text: "update variants set archived = true where id = any($1)", values: [plan.archived] });
      }
      if (plan.changed.length > 0) {
        await orElse(
          tx.query({
            text: `update variants v set sku = w.sku, name = w.name, options = w.options, price = w.price,
                     position = w.position, archived = false
                   from jsonb_to_recordset($1) w (id uuid, sku text, name text, options jsonb, price bigint, position int)
                   where v.id = w.id`,
            values: [JSON.stringify(plan.changed)],
          }),
          constraints,
        );
      }
      if (plan.added.length > 0) {
        await orElse(
          tx.query({
            text: `with added as (
                     insert into variants (id, product_id, store_id, currency, sku, name, options, price, position, on_hand)
                     select w.id, $2, $3, $4, w.sku, w.name, w.options, w.price, w.position, w.stock
                     from jsonb_to_recordset($1)
                       w (id uuid, sku text, name text, options jsonb, price bigint, position int, stock int)
                     returning id, on_hand
                   )
                   insert into stock_movements (variant_id, kind, delta, reason)
                   select id, 'initial', on_hand, 'first stock' from added where on_hand > 0`,
            values: [
              JSON.stringify(plan.added.map((variant) => ({ ...variant, id: newId() }))),
              product.id,
              product.store_id,
              product.currency,
            ],
          }),
          constraints,
        );
      }
    },

    /** Erases a product that was never ordered; one that was has reservations and stays: false. */
    async erase(tx: Tx, id: string): Promise<boolean> {
      const { rowCount } = await tx.query({
        text: `delete from products p where id = $1 and not exists (
                 select from reservations join variants v on v.id = variant_id where v.product_id = p.id)`,
        values: [id],
      });
      return rowCount === 1;
    },

    /** Archives a product; false if it was archived already. */
    async archive(tx: Tx, id: string): Promise<boolean> {
      const { rowCount } = await tx.query({
        text: `update products set status = 'archived', version = version + 1, update_time = now()
               where id = $1 and status <> 'archived'`,
        values: [id],
      });
      return rowCount === 1;
    },
  };
}

function toProduct(row: ProductRow): ListedProduct {
  return { ...row, variants: JSON.parse(row.variants) };
}
