import type { Store } from "../../proto/gen/nano/store/v1/store.ts";
import { notFound } from "../shared/errors.ts";
import { remember } from "../shared/remember.ts";
import type { RequestContext } from "./env.ts";
import type { Clients } from "./clients.ts";

/** With what a page of the catalogue may be old, less than a second (catalogue.ts). */
const FRESH_MS = 400;
const MAX_STORES = 1_000;

/** Finds the store that a request names by X-Store or ?store=, or else the default one. A store is at most 0.4 s old. */
export function createStores(clients: Pick<Clients, "store">) {
  const known = remember<Promise<Store>>(FRESH_MS, MAX_STORES);

  return {
    /** The request's store; an API key's own where there is one. Throws `store_not_found`, also for another one than that. */
    async of(c: RequestContext): Promise<Store> {
      const own = c.get("key")?.store_id;
      const store = await named(storeNamed(c) ?? own ?? "");
      if (own !== undefined && store.id !== own) throw notFound("store");
      c.set("store", store.id);
      return store;
    },
    /** Forgets what is known, after a change through this gateway. */
    forget: () => known.clear(),
  };

  function named(slug: string): Promise<Store> {
    const found = known.get(slug);
    if (found) return found;
    const store = clients.store.getStore({ id_or_slug: slug });
    known.set(slug, store);
    store.catch(() => known.delete(slug));
    return store;
  }
}

/**
 * The slug or id by which a request names its store; undefined if it does not. An empty name is none, in the header too:
 * so the fast path, which can't tell an empty X-Store from no X-Store, keeps what is right for both.
 */
export function storeNamed(c: RequestContext): string | undefined {
  return c.req.header("X-Store") || c.req.query("store") || undefined;
}

/** Finds the stores that requests name. */
export type Stores = ReturnType<typeof createStores>;
