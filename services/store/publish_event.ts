import { z } from "zod";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { invalid, notFound } from "../shared/errors.ts";
import { isEventType } from "../shared/event_types.ts";
import { isId, newId } from "../shared/ids.ts";
import { sameCurrency } from "../shared/money.ts";
import { type Pool, transaction } from "../shared/postgres.ts";
import type { Figures, Repository } from "./repository.ts";
import type { WebhookRepository } from "./webhook_repository.ts";

const amount = z.object({ amount: z.int(), currency: z.string() });

/** The parts of an order, as REST shows it, that the figures are made of. */
const paidOrder = z.object({
  total: amount,
  items: z.array(z.object({
    product_id: z.uuid(),
    variant_id: z.uuid(),
    sku: z.string(),
    name: z.string(),
    quantity: z.int().positive(),
    total: amount,
  })),
});

const refunded = z.object({ refund: z.object({ amount }) });

/**
 * Takes an event of another service: keeps it, adds it to the figures and sends it on its way to the merchants'
 * webhooks, all in one transaction. An event that is there already was counted and sent already.
 */
export async function publishEvent(
  { pool, repository, webhooks }: { pool: Pool; repository: Repository; webhooks: WebhookRepository },
  event: Event,
): Promise<void> {
  const { id, type, store_id } = event;
  const time = event.time;
  if (!isId(id) || !isId(store_id) || !/^[a-z_]+\.[a-z_]+$/.test(type) || !time) {
    throw invalid("invalid_event", "An event has an id, a type such as order.paid, a store and a time.");
  }
  const data = parse(z.record(z.string(), z.unknown()), json(event.data_json));
  const figures = figuresOf(type, data);
  const kept = { id, type, store_id, time, data };
  // A webhook that comes now comes after the event: without one there is nothing more to write.
  const store = await repository.insertEvent(pool, kept, figures, isEventType(type));
  if (!store) throw notFound("store");
  if (figures.currency) sameCurrency(store.currency, figures.currency);
  if (!store.heard || !isEventType(type)) return;
  await transaction(pool, async (tx) => {
    const isNew = (await repository.insertEvent(tx, kept, figures))?.fresh;
    if (!isNew) return;
    for (const webhook of await webhooks.subscribed(tx, store_id, type)) {
      await webhooks.insertDelivery(tx, { id: newId(), webhook_id: webhook.id, event_id: id }, webhook.slow);
    }
  });
}

/** What an event adds to the figures of its day. */
function figuresOf(type: string, data: unknown): Figures {
  switch (type) {
    case "order.paid": {
      const { total, items } = parse(paidOrder, data);
      // Two lines may sell one variant; one statement can't touch a row twice.
      const byVariant = new Map<string, typeof items>();
      for (const item of items) byVariant.set(item.variant_id, [...byVariant.get(item.variant_id) ?? [], item]);
      const sales = [...byVariant.values()].flatMap(([first, ...rest]) =>
        first
          ? [{
            ...first,
            quantity: rest.reduce((sum, item) => sum + item.quantity, first.quantity),
            revenue: rest.reduce((sum, item) => sum + item.total.amount, first.total.amount),
          }]
          : []
      );
      return { currency: total.currency, orders: 1, revenue: total.amount, sales };
    }
    case "payment.refunded": {
      const { refund } = parse(refunded, data);
      const { amount, currency } = refund.amount;
      return { currency, revenue: -amount };
    }
    case "customer.created":
      return { new_customers: 1 };
    default:
      return {};
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("invalid_event", "An event's data is a JSON object.");
  }
}

function parse<T>(schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw invalid(
    "invalid_event",
    `The event's data is not what its type has: ${result.error.issues[0]?.path.join(".")}.`,
  );
}
