import { type Api, ApiError } from "./api.ts";
import type { Me, Page, Store } from "./types.ts";

/** As many as the switcher lists. */
const MAX_STORES = 100;

/** The stores that an operator works for; an admin's are the oldest of all, and the wanted one wherever it stands. */
export async function ownStores({ get }: Api, user: Me, wanted: string | undefined): Promise<Store[]> {
  const one = (name: string) => get<Store>(`/stores/${encodeURIComponent(name)}`).catch(noneIfGone);
  if (!user.permissions["*"]) {
    const ids = Object.keys(user.permissions).slice(0, MAX_STORES);
    return (await Promise.all(ids.map(one))).filter((store) => store !== undefined);
  }
  const { data } = await get<Page<Store>>("/stores", { limit: MAX_STORES });
  if (!wanted || named(data, wanted)) return data;
  const store = await one(wanted);
  return store ? [...data, store] : data;
}

/** The store of an id or a slug. */
export function named(stores: readonly Store[], name: string | undefined): Store | undefined {
  return stores.find(({ id }) => id === name) ?? stores.find(({ slug }) => slug === name);
}

function noneIfGone(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}
