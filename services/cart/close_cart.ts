import { type Actor, owns } from "../shared/auth.ts";
import { conflict, notFound } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { single, transaction, type Tx } from "../shared/postgres.ts";
import { leftOver, type Principal, type StoredCart } from "./cart.ts";
import type { Deps } from "./deps.ts";
import type { CartOwner } from "./repository.ts";

/** A cart, the order that it became, and what that order took; no lines mean all of it. */
export interface CloseCart {
  cart_id: string;
  order_id: string;
  lines: { variant_id: string; quantity: number }[];
}

/**
 * Closes a cart as what became an order. What was added while the order was being placed is not lost: it stays in a new
 * open cart. The same order again changes nothing; another one throws `cart_ordered`.
 */
export async function closeCart(deps: Deps, { cart_id, order_id, lines }: CloseCart, actor: Actor): Promise<void> {
  const { pool, repository, cache, owners } = deps;
  const cart = isId(cart_id) && isId(order_id)
    ? owners.get(cart_id) ?? await repository.readHead(pool, cart_id)
    : undefined;
  if (!cart || (actor.kind !== "service" && !owns(actor, cart))) throw notFound("cart");
  const { store_id } = cart;
  const principal = principalOfCart(cart);
  await cache.changing([{ store_id, principal }], async () => {
    if (lines.length && await single(pool, (sql) => repository.closeTaken(sql, cart_id, order_id, lines))) return;
    await transaction(pool, async (tx) => {
      const [closed, left] = await Promise.all([
        repository.close(tx, cart_id, order_id),
        repository.readById(tx, cart_id),
      ]);
      if (closed) return await keepRest(deps, tx, cart, principal, leftOf(left, lines));
      const now = await repository.readHead(tx, cart_id);
      if (!now) throw notFound("cart");
      if (now.order_id !== order_id.toLowerCase()) throw conflict("cart_ordered", "This cart was ordered already.");
    });
  });
}

/** Moves to a new cart what the order did not take. */
async function keepRest(
  { repository }: Deps,
  tx: Tx,
  cart: CartOwner,
  principal: Principal,
  rest: StoredCart["lines"],
): Promise<void> {
  if (!rest.length) return;
  const next = await repository.open(tx, cart.store_id, principal);
  for (const line of rest) {
    await repository.takeFromLine(tx, line.id, line.quantity);
    await repository.putLine(tx, next, line);
  }
}

/** No lines mean that all of the cart was ordered. */
function leftOf(cart: StoredCart | undefined, taken: CloseCart["lines"]): StoredCart["lines"] {
  return taken.length ? leftOver(cart?.lines ?? [], taken) : [];
}

function principalOfCart({ user_id, guest_hash }: CartOwner): Principal {
  return user_id ? { kind: "user", id: user_id } : { kind: "guest", id: guest_hash ?? "" };
}
