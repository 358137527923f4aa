import { notFound } from "../shared/errors.ts";
import type { PricedCart, Principal } from "./cart.ts";
import { changeCart, findItem, type ItemOf, priceChanged } from "./change_cart.ts";
import type { Deps } from "./deps.ts";

/** Removes an item. */
export async function removeItem(
  deps: Deps,
  { store_id, item_id }: ItemOf,
  actor: Principal | undefined,
): Promise<PricedCart> {
  const { repository, neighbours } = deps;
  const { principal } = await findItem(deps, { store_id, item_id }, actor);
  const store = await neighbours.store(store_id);
  const cart = await changeCart(deps, store_id, principal, async (tx) => {
    const cart_id = await repository.lock(tx, store_id, principal);
    if (!cart_id || !await repository.removeLine(tx, cart_id, item_id)) throw notFound("item");
    return cart_id;
  });
  return await priceChanged(deps, cart, store, [], new Map());
}
