import type { Store } from "../../proto/gen/nano/store/v1/store.ts";
import type { RequestContext } from "./env.ts";
import type { Clients } from "./clients.ts";

const FRESH_MS = 1_000;
const MAX_STORES = 1_000;

/** Finds the store that a request names by X-Store or ?store=, or else the default one. A store is at most 1 s old. */
export function createStores(clients: Pick<Clients, "store">) {
  const known = new Map<string, { store: Promise<Store>; until: number }>();

  return {
    /** The request's store. Throws `store_not_found`. */
    of(c: RequestContext): Promise<Store> {
      const slug = c.req.header("X-Store") ?? c.req.query("store") ?? "";
      const found = known.get(slug);
      if (found && found.until > Date.now()) return found.store;
      const store = clients.store.getStore({ id_or_slug: slug });
      if (known.size >= MAX_STORES) known.clear();
      known.set(slug, { store, until: Date.now() + FRESH_MS });
      store.catch(() => known.delete(slug));
      return store;
    },
    /** Forgets what is known, after a change through this gateway. */
    forget(): void {
      known.clear();
    },
  };
}

export type Stores = ReturnType<typeof createStores>;
