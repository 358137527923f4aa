import { invalid, notFound } from "../shared/errors.ts";
import { isId, newId, newToken, sha256 } from "../shared/ids.ts";
import { transaction } from "../shared/postgres.ts";
import {
  checkQuantity,
  checkStock,
  type Offer,
  priceCart,
  type PricedCart,
  type Principal,
  type StoredCart,
  withMore,
} from "./cart.ts";
import { changeCart, priceChanged, renew } from "./change_cart.ts";
import type { Deps } from "./deps.ts";

/** What is to be added: a variant, or a simple product by its own id. */
export interface AddItem {
  store_id: string;
  variant_id?: string | undefined;
  product_id?: string | undefined;
  quantity: number;
}

/** Adds a variant to a cart; the same one again adds up. A stranger becomes a guest, whose token is in the answer this once. */
export async function addItem(deps: Deps, input: AddItem, actor: Principal | undefined): Promise<PricedCart> {
  const { repository, neighbours } = deps;
  const { store_id, variant_id, product_id, quantity } = input;
  checkQuantity(quantity);
  const wanted = variant_id ?? product_id;
  if (!wanted) throw invalid("variant_required", "Name a variant, or a product that has just one.", "/variant_id");
  if (!isId(wanted)) throw notFound("variant");

  const [store, known] = await Promise.all([neighbours.store(store_id), renew(deps, actor)]);
  const before = known && await repository.read(store_id, known);
  const asked = [
    ...before?.lines.map((line) => line.variant_id) ?? [],
    ...variant_id ? [variant_id.toLowerCase()] : [],
  ];
  const [offers, simple] = await Promise.all([
    neighbours.offers(store_id, asked),
    variant_id ? undefined : neighbours.offerOfProduct(store_id, wanted),
  ]);
  const offer = simple ?? offers.get(wanted.toLowerCase());
  if (!offer) throw notFound("variant");
  checkStock(offer, quantity, offer.available);

  const known_offers = new Map([...offers, [offer.variant_id, offer]]);
  const quick = known && await addToRead(deps, store_id, known, before, offer, quantity);
  if (quick) return priceCart(quick, store, known_offers);

  const token = known ? undefined : newToken();
  const guest_hash = token && await sha256(token);
  const principal = known ?? { kind: "guest" as const, id: guest_hash ?? "" };
  const cart = await changeCart(deps, store_id, principal, async (tx) => {
    if (guest_hash) await repository.insertGuest(tx, guest_hash);
    const line = await repository.addLine(tx, store_id, principal, offer, quantity);
    checkStock(offer, line.quantity, offer.available);
    return line.cart_id;
  });
  return {
    ...await priceChanged(deps, cart, store, [...known_offers.keys(), ...asked], known_offers),
    ...token ? { token } : {},
  };
}

/**
 * Adds to the cart as it was read, which needs no second look as all is known of it; undefined, and nothing is written,
 * where it is not so any more.
 */
async function addToRead(
  { pool, repository, cache }: Deps,
  store_id: string,
  principal: Principal,
  before: StoredCart = { id: newId(), version: 0, lines: [] },
  offer: Offer,
  quantity: number,
): Promise<StoredCart | undefined> {
  const { line, cart } = withMore(before, offer, quantity);
  // A transaction ends in time: what came later would be added once more by whoever had no answer.
  const write = () => transaction(pool, (tx) => repository.writeLine(tx, store_id, principal, cart, line));
  return await cache.changing([{ store_id, principal }], write) ? cart : undefined;
}
