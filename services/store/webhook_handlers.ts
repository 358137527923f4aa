import type {
  StoreServiceServer,
  Webhook as WebhookMessage,
  WebhookAttempt,
  WebhookDelivery,
  WebhookInput,
} from "../../proto/gen/nano/store/v1/store.ts";
import { currentActor, require } from "../shared/auth.ts";
import { conflict, invalid, notFound } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { isId, newId } from "../shared/ids.ts";
import { decodeIdCursor, pageLimit, toPage } from "../shared/pagination.ts";
import type { Permission } from "../shared/permissions.ts";
import { transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import {
  bodyOf,
  checkWebhook,
  disabled,
  TEST_EVENT,
  unknownDelivery,
  unknownWebhook,
  type Webhook,
} from "./webhook.ts";
import type { Attempt, Delivery } from "./webhook_repository.ts";
import { newSecret } from "./webhook_secret.ts";

const MAX_WEBHOOKS = 20;

type WebhookRpcs = Pick<
  Rpcs<StoreServiceServer>,
  | "listWebhooks"
  | "getWebhook"
  | "createWebhook"
  | "updateWebhook"
  | "deleteWebhook"
  | "rotateWebhookSecret"
  | "testWebhook"
  | "listWebhookDeliveries"
  | "getWebhookDelivery"
  | "replayWebhookDelivery"
>;

/** The RPCs about merchants' webhooks. */
export function createWebhookHandlers(
  { pool, repository, webhooks, vault, neighbours: { deliver } }: Deps,
): WebhookRpcs {
  /** A webhook that the actor may see or change. */
  async function webhookById(id: string, permission: Permission): Promise<Webhook> {
    const webhook = isId(id) ? await webhooks.get(id) : undefined;
    require(currentActor(), permission, webhook?.store_id ?? "", "webhook");
    if (!webhook) throw unknownWebhook();
    return webhook;
  }

  /** A delivery, with what is sent, that the actor may see or begin anew. */
  async function deliveryById(id: string, permission: Permission) {
    const parcel = isId(id) ? await webhooks.findParcel(pool, id) : undefined;
    require(currentActor(), permission, parcel?.store_id ?? "", "webhook_delivery");
    if (!parcel) throw unknownDelivery();
    return parcel;
  }

  async function readDelivery(id: string): Promise<WebhookDelivery> {
    const parcel = await deliveryById(id, "webhook:read");
    const attempts = (await webhooks.listAttempts(id)).map(toAttempt);
    return { ...toDelivery(parcel), body: bodyOf(parcel.event), attempts };
  }

  return {
    async listWebhooks({ store_id, limit, cursor, count }) {
      require(currentActor(), "webhook:read", store_id, "store");
      const size = pageLimit(limit);
      const [found, total] = await Promise.all([
        webhooks.list(store_id, cursor === undefined ? undefined : decodeIdCursor(cursor), size + 1),
        count ? webhooks.count(pool, store_id) : undefined,
      ]);
      const page = toPage(found, size, ({ id }) => [id]);
      return { ...page, data: page.data.map(toMessage), total };
    },

    async getWebhook({ id }) {
      return toMessage(await webhookById(id, "webhook:read"));
    },

    async createWebhook({ store_id, webhook }) {
      require(currentActor(), "webhook:write", store_id, "store");
      const settings = settingsOf(webhook);
      await deliver.check(settings.url);
      const [id, secret] = [newId(), newSecret()];
      const sealed = await vault.seal(secret, id);
      const made = await transaction(pool, async (tx) => {
        if (!isId(store_id) || !await webhooks.lockStore(tx, store_id)) throw notFound("store");
        if (await webhooks.count(tx, store_id) >= MAX_WEBHOOKS) {
          throw conflict("too_many_webhooks", `A store has at most ${MAX_WEBHOOKS} webhooks.`);
        }
        return await webhooks.insert(tx, { ...settings, id, store_id }, sealed);
      });
      return { webhook: toMessage(made), secret };
    },

    async updateWebhook({ id, webhook, version }) {
      const { url } = await webhookById(id, "webhook:write");
      const settings = settingsOf(webhook);
      // Nothing goes to one that is disabled: that must be done wherever its name leads by now.
      if (settings.status === "active" || settings.url !== url) await deliver.check(settings.url);
      const updated = await transaction(pool, async (tx) => {
        const updated = await webhooks.update(tx, id, version, settings);
        if (updated?.status === "disabled") await webhooks.giveUp(tx, id);
        return updated;
      });
      if (updated) return toMessage(updated);
      const current = await webhookById(id, "webhook:write");
      throw conflict("version_conflict", "The webhook was changed in the meantime.", { version: current.version });
    },

    async deleteWebhook({ id }) {
      await webhookById(id, "webhook:write");
      await transaction(pool, (tx) => webhooks.remove(tx, id));
      return {};
    },

    async rotateWebhookSecret({ id: wanted }) {
      // The row's id: the secret opens with the very id that it was sealed with.
      const { id } = await webhookById(wanted, "webhook:write");
      const secret = newSecret();
      const sealed = await vault.seal(secret, id);
      const webhook = await transaction(pool, (tx) => webhooks.rotate(tx, id, sealed));
      if (!webhook) throw unknownWebhook();
      return { webhook: toMessage(webhook), secret };
    },

    async testWebhook({ id }) {
      const { store_id } = await webhookById(id, "webhook:write");
      const [delivery_id, event_id] = [newId(), newId()];
      await transaction(pool, async (tx) => {
        const webhook = await webhooks.lock(tx, id);
        if (!webhook) throw unknownWebhook();
        if (webhook.status !== "active") throw disabled();
        const event = { id: event_id, store_id, type: TEST_EVENT, time: new Date(), data: { webhook_id: id } };
        await repository.insertEvents(tx, [event]);
        await webhooks.insertDelivery(tx, { id: delivery_id, webhook_id: id, event_id }, webhook.slow);
      });
      return await readDelivery(delivery_id);
    },

    async listWebhookDeliveries({ webhook_id, limit, cursor, count, state }) {
      await webhookById(webhook_id, "webhook:read");
      const size = pageLimit(limit);
      const [found, total] = await Promise.all([
        webhooks.listDeliveries(webhook_id, state, cursor === undefined ? undefined : decodeIdCursor(cursor), size + 1),
        count ? webhooks.countDeliveries(webhook_id, state) : undefined,
      ]);
      const page = toPage(found, size, ({ id }) => [id]);
      return { ...page, data: page.data.map(toDelivery), total };
    },

    async getWebhookDelivery({ id }) {
      return await readDelivery(id);
    },

    async replayWebhookDelivery({ id }) {
      const { webhook_id } = await deliveryById(id, "webhook:write");
      await transaction(pool, async (tx) => {
        const webhook = await webhooks.lock(tx, webhook_id);
        if (!webhook) throw unknownDelivery();
        if (webhook.status !== "active") throw disabled();
        await webhooks.restart(tx, { id, webhook_id }, webhook.slow);
      });
      return await readDelivery(id);
    },
  };
}

function settingsOf(input: WebhookInput | undefined) {
  if (!input) throw invalid("invalid_request", "A webhook's settings are missing.");
  return checkWebhook(input);
}

/** A webhook as everybody sees it who may; whether it is slow is for the sending to know. */
function toMessage({ slow: _, ...webhook }: Webhook): WebhookMessage {
  return {
    ...webhook,
    disabled_reason: webhook.disabled_reason ?? undefined,
    failing_since: webhook.failing_since ?? undefined,
    old_secret_expire_time: webhook.old_secret_expire_time ?? undefined,
  };
}

function toDelivery(delivery: Delivery): WebhookDelivery {
  const { id, webhook_id, event_id, event_type, state, attempt, next_time, create_time } = delivery;
  const shown = { id, webhook_id, event_id, event_type, state, attempt, create_time, attempts: [] };
  return { ...shown, next_time: next_time ?? undefined };
}

function toAttempt(attempt: Attempt): WebhookAttempt {
  return {
    ...attempt,
    response_status: attempt.response_status ?? undefined,
    error: attempt.error ?? undefined,
  };
}
