import type { StoreOrigins } from "../../proto/gen/nano/store/v1/store.ts";
import { asSystem } from "../shared/context.ts";
import type { Clients } from "./clients.ts";

const FRESH_MS = 5_000;

/** Knows which browser storefronts may read answers. */
export interface Origins {
  /** Whether an origin may, in the store of that slug or id ("": the default one); in any store where undefined. */
  allows(origin: string, store?: string): Promise<boolean>;
}

interface OriginsDeps {
  config: { ENVIRONMENT: string; CORS_ORIGINS: string[] };
  store: Pick<Clients["store"], "listOrigins">;
}

/**
 * Allows the origins of CORS_ORIGINS, those that the active stores list, at most 5 s old, and in development this
 * machine. A preflight doesn't say its store; the request that follows does.
 */
export function createOrigins({ config, store }: OriginsDeps): Origins {
  let known: StoreOrigins[] = [];
  let asked = -Infinity;
  let asking: Promise<void> | undefined;

  /** A store service that is away leaves what is known. */
  const refresh = () =>
    asking ??= asSystem(async () => await store.listOrigins({})).then(({ data }) => void (known = data), () => {})
      .finally(() => {
        asked = performance.now();
        asking = undefined;
      });

  return {
    async allows(origin, named) {
      if (config.CORS_ORIGINS.includes(origin)) return true;
      if (config.ENVIRONMENT === "development" && isLocal(origin)) return true;
      if (performance.now() - asked > FRESH_MS) await refresh();
      return known.some(({ store_id, slug, is_default, origins }) =>
        origins.includes(origin) &&
        (named === undefined || (named === "" ? is_default : named === slug || named === store_id))
      );
    },
  };
}

function isLocal(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}
