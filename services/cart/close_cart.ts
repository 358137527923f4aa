import type { Actor } from "../shared/auth.ts";
import { owns } from "../shared/auth.ts";
import { conflict, notFound } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import type { Principal } from "./cart.ts";
import type { Deps } from "./change_cart.ts";
import type { CartHead } from "./repository.ts";

/** Closes a cart as what became an order. The same order again is fine; another one throws `cart_ordered`. */
export async function closeCart(
  { repository, cache, pool }: Deps,
  cart_id: string,
  order_id: string,
  actor: Actor,
): Promise<void> {
  const cart = isId(cart_id) && isId(order_id) ? await repository.readHead(pool, cart_id) : undefined;
  if (!cart || (actor.kind !== "service" && !owns(actor, cart))) throw notFound("cart");
  const closed = await cache.changing(
    [{ store_id: cart.store_id, principal: principalOfCart(cart) }],
    () => repository.close(cart_id, order_id),
  );
  if (closed) return;
  const now = await repository.readHead(pool, cart_id);
  if (now?.order_id !== order_id.toLowerCase()) throw conflict("cart_ordered", "This cart was ordered already.");
}

function principalOfCart({ user_id, guest_hash }: CartHead): Principal {
  return user_id ? { kind: "user", id: user_id } : { kind: "guest", id: guest_hash ?? "" };
}
