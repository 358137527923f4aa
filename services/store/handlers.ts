import type { Store as StoreMessage, StoreInput, StoreServiceServer } from "../../proto/gen/nano/store/v1/store.ts";
import { listAudit } from "../shared/audit.ts";
import { type Actor, currentActor, isAdmin, require } from "../shared/auth.ts";
import { conflict, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import { decodeIdCursor, pageLimit, toPage } from "../shared/pagination.ts";
import { transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { createPersonHandlers } from "./person.ts";
import { createEventHandlers } from "./event_handlers.ts";
import { spanOf, summarize } from "./stats.ts";
import { checkChange, checkSettings, checkStatus, type Store, type StoreSettings } from "./store.ts";
import { createWebhookHandlers } from "./webhook_handlers.ts";

const BEST_SELLERS = 10;

/** The store service's RPCs. */
export function createHandlers(deps: Deps): Rpcs<StoreServiceServer> {
  const { pool, repository } = deps;

  /** A store by its id only; what is no id names none. */
  async function storeById(id: string): Promise<Store> {
    const store = isId(id) ? await repository.getById(id) : undefined;
    if (!store) throw notFound("store");
    return store;
  }

  return {
    async listStores({ limit, cursor, count }) {
      const size = pageLimit(limit);
      const seen = seenBy(currentActor());
      const [stores, total] = await Promise.all([
        repository.list(seen, cursor === undefined ? undefined : decodeIdCursor(cursor), size + 1),
        count ? repository.count(seen) : undefined,
      ]);
      const page = toPage(stores, size, (store) => [store.id]);
      return { ...page, data: page.data.map(toMessage), total };
    },

    async getStore({ id_or_slug }) {
      const store = !id_or_slug
        ? await repository.getDefault()
        : isId(id_or_slug)
        ? await repository.getById(id_or_slug)
        : await repository.getBySlug(id_or_slug);
      if (!store) throw notFound("store");
      return toMessage(store);
    },

    async listOrigins() {
      return { data: await repository.listOrigins() };
    },

    async createStore({ store }) {
      require(currentActor(), "platform:write", "", "store");
      const settings = settingsOf(store);
      return toMessage(await transaction(pool, (tx) => repository.insert(tx, newId(), settings)));
    },

    async updateStore({ id, store, version }) {
      require(currentActor(), "store:write", id, "store");
      const settings = settingsOf(store);
      checkChange(await storeById(id), settings);
      const updated = await transaction(pool, (tx) => repository.update(tx, id, version, settings));
      if (updated) return toMessage(updated);
      const current = await storeById(id);
      throw conflict("version_conflict", "The store was changed in the meantime.", { version: current.version });
    },

    async setStoreStatus({ id, status }) {
      require(currentActor(), "platform:write", id, "store");
      const wanted = checkStatus(status);
      await storeById(id);
      await transaction(pool, (tx) => repository.setStatus(tx, id, wanted));
      return toMessage(await storeById(id));
    },

    async getStoreStats({ id, from, to }) {
      require(currentActor(), "stats:read", id, "store");
      const { currency } = await storeById(id);
      const span = spanOf(from, to, new Date());
      const [days, sellers] = await Promise.all([
        repository.listDays(id, span.from, span.to),
        repository.listSellers(id, span.from, span.to, BEST_SELLERS),
      ]);
      return summarize(span, currency, days, sellers);
    },

    async getWebhookCounts({ store_id }) {
      require(currentActor(), "stats:read", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      return { failed: await repository.countFailedDeliveries(store_id) };
    },

    listAudit: (request) => listAudit(pool, request),
    ...createPersonHandlers(deps),

    ...createEventHandlers(deps),
    ...createWebhookHandlers(deps),
  };
}

/** Strangers and customers see the active stores, staff their own too, an admin all. */
function seenBy(actor: Actor): { all: boolean; own: string[] } {
  const own = actor.api_key ? [actor.api_key.store_id] : actor.store_roles.map((given) => given.store_id);
  return { all: actor.kind === "service" || isAdmin(actor), own };
}

function settingsOf(input: StoreInput | undefined): StoreSettings {
  if (!input) throw invalid("invalid_store", "A store's settings are missing.");
  return checkSettings(input);
}

function toMessage(store: Store): StoreMessage {
  return { ...store, currencies: [store.currency] };
}
