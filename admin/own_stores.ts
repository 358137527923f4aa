import { type Api, ApiError } from "./api.ts";
import type { Me, Page, Store } from "./types.ts";

/** As many as the switcher lists. */
const MAX_STORES = 100;

/** Which stores: all, of which the oldest are meant, or some by id. */
export type StoreNames = "*" | readonly string[];

/** Asks for stores; one that is gone is left out. */
export async function askStores({ get }: Api, names: StoreNames): Promise<Store[]> {
  if (names === "*") return (await get<Page<Store>>("/stores", { limit: MAX_STORES })).data;
  const found = await Promise.all(names.map((name) => {
    return get<Store>(`/stores/${encodeURIComponent(name)}`).catch(noneIfGone);
  }));
  return found.filter((store) => store !== undefined);
}

/**
 * The stores that an operator works for; an admin's are the oldest of all, and the wanted one wherever it stands. Those
 * that were asked for before it was known who it is serve where they are just these.
 */
export async function ownStores(
  gateway: Api,
  { permissions }: Me,
  wanted: string | undefined,
  early: { names: StoreNames; stores: Store[] },
): Promise<Store[]> {
  const names = permissions["*"] ? "*" : Object.keys(permissions).slice(0, MAX_STORES);
  const stores = String(names) === String(early.names) ? early.stores : await askStores(gateway, names);
  if (names !== "*" || !wanted || named(stores, wanted)) return stores;
  return [...stores, ...await askStores(gateway, [wanted])];
}

/** The store of an id or a slug. */
export function named(stores: readonly Store[], name: string | undefined): Store | undefined {
  return stores.find(({ id }) => id === name) ?? stores.find(({ slug }) => slug === name);
}

function noneIfGone(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}
