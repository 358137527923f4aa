import type { Store } from "../../proto/gen/nano/store/v1/store.ts";
import { remember } from "../shared/remember.ts";
import type { RequestContext } from "./env.ts";
import type { Clients } from "./clients.ts";

const FRESH_MS = 1_000;
const MAX_STORES = 1_000;

/** Finds the store that a request names by X-Store or ?store=, or else the default one. A store is at most 1 s old. */
export function createStores(clients: Pick<Clients, "store">) {
  const known = remember<Promise<Store>>(FRESH_MS, MAX_STORES);

  return {
    /** The request's store. Throws `store_not_found`. */
    of(c: RequestContext): Promise<Store> {
      const slug = c.req.header("X-Store") ?? c.req.query("store") ?? "";
      const found = known.get(slug);
      if (found) return found;
      const store = clients.store.getStore({ id_or_slug: slug });
      known.set(slug, store);
      store.catch(() => known.delete(slug));
      return store;
    },
    /** Forgets what is known, after a change through this gateway. */
    forget: () => known.clear(),
  };
}

/** Finds the stores that requests name. */
export type Stores = ReturnType<typeof createStores>;
