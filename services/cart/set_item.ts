import { notFound } from "../shared/errors.ts";
import { transaction } from "../shared/postgres.ts";
import { checkQuantity, checkStock, type PricedCart, type Principal, type StoredCart } from "./cart.ts";
import { changeCart, priceChanged, renew } from "./change_cart.ts";
import type { Deps } from "./deps.ts";

/** Names an item of a principal's cart. */
export interface ItemOf {
  store_id: string;
  item_id: string;
}

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

/** Empties the cart; there need not be one. */
export async function clearCart(deps: Deps, store_id: string, actor: Principal | undefined): Promise<void> {
  const { pool, repository, cache } = deps;
  const principal = await renew(deps, actor);
  if (!principal) return;
  await cache.changing([{ store_id, principal }], () =>
    transaction(pool, async (tx) => {
      const cart_id = await repository.lock(tx, store_id, principal);
      if (cart_id) await repository.removeLines(tx, cart_id);
    }));
}

/** The principal's cart, in which the item must be. Throws `item_not_found`, also for what is no id. */
async function findItem(
  deps: Deps,
  { store_id, item_id }: ItemOf,
  actor: Principal | undefined,
): Promise<{ principal: Principal; before: StoredCart }> {
  const principal = await renew(deps, actor);
  const before = principal && await deps.repository.read(store_id, principal);
  if (!principal || !before?.lines.some((line) => line.id === item_id)) throw notFound("item");
  return { principal, before };
}
