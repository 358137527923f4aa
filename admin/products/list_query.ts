import type { Query } from "../api.ts";
import { parseMoney } from "../format.ts";
import { texts } from "../texts.ts";
import type { State } from "../utils.ts";

const SORTS: readonly string[] = Object.keys(texts.products.sorts);
export const STATUSES = ["draft", "active", "archived"] as const;

/** What the filters of the products' list ask of the gateway; what it would not know is left out. */
export function listQuery({ searchParams }: URL, { store, locale }: State): Query {
  const given = (name: string) => searchParams.get(name)?.trim() || undefined;
  const known = (name: string, values: readonly string[]) => values.find((value) => value === given(name));
  const price = (name: string) => parseMoney(given(name) ?? "", store.currency, locale);
  return {
    q: given("q"),
    category: given("category"),
    status: known("status", STATUSES),
    in_stock: known("in_stock", ["true", "false"]),
    min_price: price("min_price"),
    max_price: price("max_price"),
    sort: known("sort", SORTS),
  };
}
