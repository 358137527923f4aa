import type { ListAuditRequest } from "../../proto/gen/nano/common/v1/common.ts";
import { listAudit } from "../shared/audit.ts";
import { conflict, invalid } from "../shared/errors.ts";
import { isId, newId } from "../shared/ids.ts";
import { orElse, type Pool, type Sql, type Tx } from "../shared/postgres.ts";
import { countStatement, type ListedProduct, listStatement, PRODUCT_COLUMNS } from "./listing.ts";
import { createCategoryRepository } from "./category_repository.ts";
import type { ExistingVariant, Product, ProductFields, Status, VariantPlan } from "./product.ts";
import { createImportRepository } from "./import_repository.ts";
import { createMediaRepository } from "./media_repository.ts";
import { createStockLists } from "./stock_lists.ts";
import { createStockRepository } from "./stock_repository.ts";
import type { ListQuery } from "./walk.ts";

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

/** A product that is to be: `slug_made` says that nobody asked for its slug. */
export interface NewProduct extends ProductFields {
  id: string;
  store_id: string;
  category_id: string | null;
  currency: string;
  slug_made: boolean;
}

/** What a product that exists becomes. */
export type ProductUpdate = ProductFields & { id: string; category_id: string | null };

/** What is planned for the variants of a product. */
export interface PlannedVariants {
  product: { id: string; store_id: string; currency: string };
  plan: VariantPlan;
}

/** What is told of a change. */
export type ChangedProduct = Pick<Product, "id" | "store_id" | "slug" | "name" | "status" | "version">;

type ProductRow = Omit<ListedProduct, "variants"> & { variants: string };

/** A page's rows hold at most so many characters: a page of the largest legal products would not fit an answer. */
const MAX_PAGE_TEXT = 1_500_000;

const constraints = {
  products_slug: () => conflict("slug_taken", "Another product of the store has this slug."),
  products_category: noCategory,
  // Within 8 KiB as sent, but PostgreSQL keeps 1e300 as 301 digits.
  products_attributes_check: () => invalid("too_large", "Attributes hold numbers that are too long.", "/attributes"),
  variants_sku: () => conflict("sku_taken", "Another variant of the store has one of these SKUs."),
};

/** The statements on products and their variants, and beside them, from files of their own, on stock and categories. */
export function createRepository(pool: Pool, replica: Sql = pool) {
  return {
    /** Where reads may go whose answer may be a moment old: never those of stock decisions, of staff, or of a change. */
    replica,
    stock: createStockRepository(pool),
    stock_lists: createStockLists(pool),
    categories: createCategoryRepository(pool),
    media: createMediaRepository(pool),
    imports: createImportRepository(),
    listAudit: (request: ListAuditRequest) => listAudit(pool, request),

    /** Lists a page; `more` says whether another follows. Large products make it shorter than its limit. */
    async list(query: ListQuery, sql: Sql = pool): Promise<{ products: ListedProduct[]; more: boolean }> {
      const { rows } = await sql.query<ProductRow>(listStatement(query));
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

    async getBySlug(store_id: string, slug: string, sql: Sql = pool): Promise<Product | undefined> {
      const { rows: [row] } = await sql.query<ProductRow>({
        name: "product.by_slug",
        text: `select ${PRODUCT_COLUMNS} from products p left join categories c on c.id = p.category_id
               where p.store_id = $1 and p.slug = $2`,
        values: [store_id, slug],
      });
      return row && toProduct(row);
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
      if (!row) throw noCategory();
      return row.id;
    },

    /** Inserts products without variants. A slug that was made from the name gives way to one that is there. */
    async insert(tx: Tx, products: readonly NewProduct[]): Promise<void> {
      await orElse(
        tx.query({
          text: `insert into products (id, store_id, slug, name, description, status, category_id, attributes, images,
                   currency)
                 select n.id, n.store_id,
                   case when n.slug_made and exists (
                     select from products p where p.store_id = n.store_id and p.slug = n.slug
                   ) then n.slug || '-' || right(n.id::text, 6) else n.slug end,
                   n.name, n.description, n.status, n.category_id, n.attributes, n.images, n.currency
                 from jsonb_to_recordset($1) n (id uuid, store_id uuid, slug text, slug_made boolean, name text,
                   description text, status text, category_id uuid, attributes jsonb, images jsonb, currency text)`,
          values: [JSON.stringify(products)],
        }),
        constraints,
      );
    },

    /** Writes what products became; gives what is told of them. */
    async update(tx: Tx, products: readonly ProductUpdate[]): Promise<ChangedProduct[]> {
      const { rows } = await orElse(
        tx.query<ChangedProduct>({
          text: `update products p set slug = w.slug, name = w.name, description = w.description, status = w.status,
                   category_id = w.category_id, attributes = w.attributes, images = w.images, version = p.version + 1,
                   update_time = now()
                 from jsonb_to_recordset($1) w (id uuid, slug text, name text, description text, status text,
                   category_id uuid, attributes jsonb, images jsonb)
                 where p.id = w.id
                 returning p.id, p.store_id, p.slug, p.name, p.status, p.version`,
          values: [JSON.stringify(products)],
        }),
        constraints,
      );
      return rows;
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

    /** Writes what is planned for products' variants: first those that go, so that their SKUs are free. */
    async writeVariants(tx: Tx, plans: readonly PlannedVariants[]): Promise<void> {
      // Off sale until their new SKU is written, as at any moment a SKU is one variant's.
      const archived = plans.flatMap(({ plan }) => [...plan.archived, ...plan.yielding]);
      const changed = plans.flatMap(({ plan }) => plan.changed);
      const added = plans.flatMap(({ product: { id: product_id, store_id, currency }, plan }) =>
        plan.added.map((variant) => ({ ...variant, id: newId(), product_id, store_id, currency }))
      );
      if (archived.length > 0) {
        await tx.query({ text: "update variants set archived = true where id = any($1)", values: [archived] });
      }
      if (changed.length > 0) {
        await orElse(
          tx.query({
            text: `update variants v set sku = w.sku, name = w.name, options = w.options, price = w.price,
                     position = w.position, archived = false
                   from jsonb_to_recordset($1) w (id uuid, sku text, name text, options jsonb, price bigint, position int)
                   where v.id = w.id`,
            values: [JSON.stringify(changed)],
          }),
          constraints,
        );
      }
      if (added.length > 0) {
        await orElse(
          tx.query({
            text: `with added as (
                     insert into variants (id, product_id, store_id, currency, sku, name, options, price, position, on_hand)
                     select w.id, w.product_id, w.store_id, w.currency, w.sku, w.name, w.options, w.price, w.position,
                       w.stock
                     from jsonb_to_recordset($1) w (id uuid, product_id uuid, store_id uuid, currency text, sku text,
                       name text, options jsonb, price bigint, position int, stock int)
                     returning id, on_hand
                   )
                   insert into stock_movements (variant_id, kind, delta, reason)
                   select id, 'initial', on_hand, 'first stock' from added where on_hand > 0`,
            values: [JSON.stringify(added)],
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

/** Nor has it one that goes while a product is put into it. */
function noCategory() {
  return invalid("category_not_found", "The store has no such category.", "/category");
}
