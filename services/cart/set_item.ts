import { notFound } from "../shared/errors.ts";
import { checkQuantity, checkStock, type PricedCart, type Principal } from "./cart.ts";
import { changeCart, findItem, type ItemOf, priceChanged } from "./change_cart.ts";
import type { Deps } from "./deps.ts";

/** Sets an item's quantity, if that many can be bought now. */
export async function setItem(
  deps: Deps,
  { store_id, item_id, quantity }: ItemOf & { quantity: number },
  actor: Principal | undefined,
): Promise<PricedCart> {
  const { repository, neighbours } = deps;
  const { principal, before } = await findItem(deps, { store_id, item_id }, actor);
  checkQuantity(quantity);
  const line = before.lines.find((line) => line.id === item_id);
  if (!line) throw notFound("item");
  const asked = before.lines.map((line) => line.variant_id);
  const [store, offers] = await Promise.all([neighbours.store(store_id), neighbours.offers(store_id, asked)]);
  const offer = offers.get(line.variant_id);
  checkStock(line, quantity, offer?.available ?? 0);

  const cart = await changeCart(deps, store_id, principal, async (tx) => {
    const cart_id = await repository.lock(tx, store_id, principal);
    if (!cart_id || !offer || !await repository.setLine(tx, cart_id, item_id, offer, quantity)) throw notFound("item");
    return cart_id;
  });
  return await priceChanged(deps, cart, store, asked, offers);
}
