import type { Tx } from "../shared/postgres.ts";
import type { ExistingVariant } from "./product.ts";
import type { LockedProduct } from "./repository.ts";

/** A product as an import finds it, locked, with what is on the shelf. */
export interface KnownProduct extends Omit<LockedProduct, "variants"> {
  category_slug: string | null;
  variants: (ExistingVariant & { on_hand: number })[];
}

/** A category as a line of a table may name it. */
export interface NamedCategory {
  id: string;
  slug: string;
}

/** The statements with which an import looks up many products at once. */
export function createImportRepository() {
  return {
    /** Locks the products of a store that have these slugs: their variants first, as sales do. */
    async known(tx: Tx, store_id: string, slugs: readonly string[]): Promise<Map<string, KnownProduct>> {
      const { rows: variants } = await tx.query<KnownProduct["variants"][number] & { product_id: string }>({
        name: "product.import_variants",
        text: `select v.id, v.product_id, v.sku, v.name, v.options, v.price, v.position, v.archived, v.on_hand
               from variants v
               where v.product_id in (select id from products where store_id = $1 and slug = any($2))
               order by v.id for no key update of v`,
        values: [store_id, slugs],
      });
      const { rows } = await tx.query<Omit<KnownProduct, "variants">>({
        name: "product.import_products",
        text: `select p.id, p.store_id, p.slug, p.name, p.description, p.status, p.category_id, p.attributes, p.images,
                 p.currency, p.version, c.slug as category_slug
               from products p left join categories c on c.id = p.category_id
               where p.store_id = $1 and p.slug = any($2) order by p.id for no key update of p`,
        values: [store_id, slugs],
      });
      const of = Map.groupBy(variants, ({ product_id }) => product_id);
      return new Map(rows.map((row) => [row.slug, { ...row, variants: of.get(row.id) ?? [] }]));
    },

    /** The categories that people mean: by slug or id, else by name without regard to case. */
    async categoriesNamed(tx: Tx, store_id: string, names: readonly string[]): Promise<Map<string, NamedCategory>> {
      if (names.length === 0) return new Map();
      const { rows } = await tx.query<NamedCategory & { named: string }>({
        name: "product.categories_named",
        text: `select named, found.id, found.slug from unnest($2::text[]) named cross join lateral (
                 select id, slug from categories
                 where store_id = $1 and (slug = named or id::text = lower(named) or lower(name) = lower(named))
                 order by slug = named desc, id limit 1
               ) found`,
        values: [store_id, names],
      });
      return new Map(rows.map(({ named, ...category }) => [named, category]));
    },
  };
}
