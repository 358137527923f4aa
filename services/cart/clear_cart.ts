import { transaction } from "../shared/postgres.ts";
import type { Principal } from "./cart.ts";
import { renew } from "./change_cart.ts";
import type { Deps } from "./deps.ts";

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
