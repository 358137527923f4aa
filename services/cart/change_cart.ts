import { notFound } from "../shared/errors.ts";
import { transaction, type Tx } from "../shared/postgres.ts";
import { checkSize, type Offers, priceCart, type PricedCart, type Principal, type StoredCart } from "./cart.ts";
import type { CartStore } from "./clients.ts";
import type { Deps } from "./deps.ts";

/** Names an item of a principal's cart. */
export interface ItemOf {
  store_id: string;
  item_id: string;
}

/** Changes a principal's cart in one transaction, past the cache; gives the cart as the change leaves it. */
export function changeCart(
  { pool, repository, cache }: Deps,
  store_id: string,
  principal: Principal,
  change: (tx: Tx) => Promise<string>,
): Promise<StoredCart> {
  return cache.changing([{ store_id, principal }], () =>
    transaction(pool, async (tx) => {
      const id = await change(tx);
      const cart = await repository.readById(tx, id);
      if (!cart) throw new Error(`Cannot read cart ${id} as the transaction that changed it must see it.`);
      checkSize(cart);
      return cart;
    }));
}

/**
 * Prices a cart that was just changed, by the offers asked for before the change; asks again only for lines that
 * someone else added in between.
 */
export async function priceChanged(
  deps: Deps,
  cart: StoredCart,
  store: CartStore,
  asked: string[],
  offers: Offers,
): Promise<PricedCart> {
  const missing = cart.lines.map((line) => line.variant_id).filter((id) => !asked.includes(id));
  if (!missing.length) return priceCart(cart, store, offers);
  return priceCart(cart, store, new Map([...offers, ...await deps.neighbours.offers(store.id, missing)]));
}

/** Whose cart it is, with another 90 days for a guest; undefined for a stranger or a guest whose token ended. */
export async function renew(
  { repository }: Pick<Deps, "repository">,
  principal: Principal | undefined,
): Promise<Principal | undefined> {
  return principal?.kind === "guest" && !await repository.renewGuest(principal.id) ? undefined : principal;
}

/** The principal's cart, in which the item must be. Throws `item_not_found`, also for what is no id. */
export async function findItem(
  deps: Deps,
  { store_id, item_id }: ItemOf,
  actor: Principal | undefined,
): Promise<{ principal: Principal; before: StoredCart }> {
  const principal = await renew(deps, actor);
  const before = principal && await deps.repository.read(store_id, principal);
  if (!principal || !before?.lines.some((line) => line.id === item_id)) throw notFound("item");
  return { principal, before };
}
