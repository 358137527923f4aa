import type { Api } from "../api.ts";
import type { Movement, Page, Product, Stock, Variant } from "../types.ts";

/** A product's stock by variant, and the movements of the one that the page's query chooses: the first, if none. */
export interface ShownStock {
  stock: (Variant & Stock)[];
  variant: Variant | undefined;
  movements: Page<Movement>;
}

/** Loads what the stock page shows. */
export async function loadStock(api: Api, product: Product, query: URLSearchParams): Promise<ShownStock> {
  const variant = product.variants.find(({ id }) => id === query.get("variant")) ?? product.variants[0];
  const [{ data }, movements] = await Promise.all([
    api.get<{ data: (Stock & { variant_id: string })[] }>(`/products/${product.id}/stock`),
    variant
      ? api.get<Page<Movement>>(`/variants/${variant.id}/movements`, {
        cursor: query.get("cursor") ?? undefined,
        limit: 20,
      })
      : { data: [], next_cursor: null },
  ]);
  const none = { on_hand: 0, reserved: 0, available: 0 };
  const stockOf = (id: string) => data.find(({ variant_id }) => variant_id === id) ?? none;
  return { stock: product.variants.map((one) => ({ ...one, ...stockOf(one.id) })), variant, movements };
}
