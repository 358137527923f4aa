import { transaction } from "../shared/postgres.ts";
import { MAX_LINES, mergedQuantity, type Principal } from "./cart.ts";
import type { Deps } from "./deps.ts";

/**
 * Merges a guest's carts, in all stores, into a user's: quantities add, capped at 999 and at the stock, and lines at 100.
 * The guest's carts end up empty, so a second merge finds nothing to do.
 */
export async function mergeCarts(deps: Deps, guest_hash: string, user_id: string): Promise<void> {
  const guest: Principal = { kind: "guest", id: guest_hash };
  const user: Principal = { kind: "user", id: user_id };
  for (const store_id of await deps.repository.listGuestStores(guest_hash)) {
    await mergeStore(deps, store_id, guest, user);
  }
}

async function mergeStore(
  { pool, repository, cache, neighbours }: Deps,
  store_id: string,
  guest: Principal,
  user: Principal,
): Promise<void> {
  const seen = await repository.read(store_id, guest);
  // A catalogue that is away must not keep anyone from signing in: stock is checked again at the checkout.
  const offers = await neighbours.offersIfThere(store_id, seen?.lines.map((line) => line.variant_id) ?? []);
  const carts = [guest, user].map((principal) => ({ store_id, principal }));
  await cache.changing(carts, () =>
    transaction(pool, async (tx) => {
      const from_id = await repository.lock(tx, store_id, guest);
      const from = from_id && await repository.readById(tx, from_id);
      if (!from || !from.lines.length) return;
      const to_id = await repository.open(tx, store_id, user);
      const own = new Map(
        (await repository.readById(tx, to_id))?.lines.map((line) => [line.variant_id, line.quantity]),
      );
      for (const line of from.lines) {
        const quantity = own.get(line.variant_id) ?? 0;
        if (!quantity && own.size >= MAX_LINES) continue;
        const available = offers && (offers.get(line.variant_id)?.available ?? 0);
        own.set(line.variant_id, mergedQuantity(quantity, line.quantity, available));
        await repository.putLine(tx, to_id, { ...line, quantity: own.get(line.variant_id) ?? line.quantity });
      }
      await repository.removeLines(tx, from.id);
    }));
}
