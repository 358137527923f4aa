import { type Context, HttpError } from "fresh";
import { api } from "../api.ts";
import type { Product } from "../types.ts";
import type { State } from "../utils.ts";

/** A product of the store at hand. Of another store's, whose currency and rights are others', there is none here. */
export async function loadProduct(ctx: Context<State>, id: string): Promise<Product> {
  if (!/^[\w-]{36}$/.test(id)) throw new HttpError(404);
  const product = await api(ctx).get<Product>(`/products/${id}`);
  if (product.store_id !== ctx.state.store.id) throw new HttpError(404);
  return product;
}
