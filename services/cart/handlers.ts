import type { Cart, CartServiceServer } from "../../proto/gen/nano/cart/v1/cart.ts";
import { currentActor } from "../shared/auth.ts";
import { forbidden, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId } from "../shared/ids.ts";
import { addItem } from "./add_item.ts";
import { priceCart, type Principal, principalOf } from "./cart.ts";
import { clearCart } from "./clear_cart.ts";
import { closeCart } from "./close_cart.ts";
import type { Deps } from "./deps.ts";
import { mergeCarts } from "./merge_carts.ts";
import { createPersonHandlers } from "./person.ts";
import { removeItem } from "./remove_item.ts";
import type { CartOwner } from "./repository.ts";
import { setItem } from "./set_item.ts";

/** The cart service's RPCs. A cart is always the actor's own, so there is nobody else's to refuse. */
export function createHandlers(deps: Deps): Rpcs<CartServiceServer> {
  const { repository, cache, owners, neighbours } = deps;
  return {
    async getCart({ store_id }): Promise<Cart> {
      const principal = principalOf(currentActor());
      const store = await neighbours.store(store_id);
      const cart = principal && await cache.read(store_id, principal, () => repository.read(store_id, principal));
      return priceCart(
        cart,
        store,
        await neighbours.offers(store_id, cart?.lines.map((line) => line.variant_id) ?? []),
      );
    },

    async addItem(request) {
      const actor = currentActor();
      if (actor.kind === "service" || actor.kind === "api_key") throw forbidden("Only people have carts.");
      return await addItem(deps, request, principalOf(actor));
    },

    setItem: (request) => setItem(deps, request, principalOf(currentActor())),

    removeItem: (request) => removeItem(deps, request, principalOf(currentActor())),

    async clearCart({ store_id }) {
      if (!isId(store_id)) throw notFound("store");
      await clearCart(deps, store_id, principalOf(currentActor()));
      return {};
    },

    async mergeCarts({ guest_hash, user_id }) {
      const actor = currentActor();
      if (actor.kind !== "service" && actor.user_id !== user_id) throw forbidden();
      if (/^[0-9a-f]{64}$/.test(guest_hash) && isId(user_id)) await mergeCarts(deps, guest_hash, user_id);
      return {};
    },

    async getCheckout({ store_id }) {
      const principal = principalOf(currentActor());
      if (!principal || !isId(store_id)) throw notFound("cart");
      const taken = await repository.readTaken(store_id, principal);
      if (taken) {
        const { cart_id, lines, guest_expire_time } = taken;
        owners.set(cart_id, ownerOf(store_id, principal));
        return { cart_id, lines, guest_expire_time: guest_expire_time ?? undefined };
      }
      const ordered = await repository.readOrdered(store_id, principal);
      if (!ordered) throw notFound("cart");
      return { cart_id: ordered.cart_id, lines: [], ordered_as: ordered.order_id, guest_expire_time: undefined };
    },

    ...createPersonHandlers(deps),

    async closeCart(request) {
      await closeCart(deps, request, currentActor());
      return {};
    },
  };
}

function ownerOf(store_id: string, { kind, id }: Principal): CartOwner {
  return { store_id, user_id: kind === "user" ? id : null, guest_hash: kind === "guest" ? id : null };
}
