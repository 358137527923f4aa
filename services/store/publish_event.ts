import { z } from "zod";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { inBatches } from "../shared/batches.ts";
import { invalid, notFound, toNanoError } from "../shared/errors.ts";
import { isEventType } from "../shared/event_types.ts";
import { isId, newId } from "../shared/ids.ts";
import { sameCurrency } from "../shared/money.ts";
import { transaction } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import type { Kept, StoredEvent } from "./event_repository.ts";

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

const captured = z.object({ payment: z.object({ captured_amount: amount }) });
const refunded = z.object({ refund: z.object({ amount }) });

/** Transactions at a time: however many events come, other requests find a connection. */
const LANES = 4;

/**
 * Takes an event of another service: keeps it, adds it to the figures and sends it on its way to the merchants'
 * webhooks. An event that is there already was counted and sent already. Those that nobody listens to are written
 * together, as many as come at about the same time; each of the others in a transaction of its own.
 */
export function createPublishEvent({ pool, repository, webhooks }: Deps): (event: Event) => Promise<void> {
  const insertWithOthers = inBatches<Read, Kept | undefined>(async (events) => {
    const kept = await repository.insertEvents(pool, events);
    return events.map(({ id }) => kept.get(id));
  }, ({ size }) => size);
  const turns: Promise<void>[] = [];

  /** Keeps the event unless somebody listens to it. */
  async function insertUnheard(event: Read): Promise<Kept | undefined> {
    try {
      return await insertWithOthers(event);
    } catch (error) {
      const { kind } = toNanoError(error);
      if (kind === "unavailable" || kind === "timeout") throw error;
      // One of them is not to be had: each for itself, then.
      return (await repository.insertEvents(pool, [event])).get(event.id);
    }
  }

  /** Keeps the event and sends it to those who listen. */
  const insertHeard = (event: StoredEvent): Promise<void> =>
    transaction(pool, async (tx) => {
      const kept = (await repository.insertEvents(tx, [{ ...event, unless_heard: false }])).get(event.id);
      if (!kept?.fresh) return;
      for (const webhook of await webhooks.subscribed(tx, event.store_id, event.type)) {
        await webhooks.insertDelivery(tx, { id: newId(), webhook_id: webhook.id, event_id: event.id }, webhook.slow);
      }
    });

  return async (message) => {
    const event = read(message);
    // A webhook that comes now comes after the event: without one there is nothing more to write.
    const kept = await insertUnheard(event);
    if (!kept) throw notFound("store");
    if (event.currency) sameCurrency(kept.currency, event.currency);
    if (!kept.heard || !event.unless_heard) return;
    const [lane, work] = [Number.parseInt(event.id.slice(-4), 16) % LANES, () => insertHeard(event)];
    await (turns[lane] = (turns[lane] ?? Promise.resolve()).then(work, work));
  };
}

/** An event that came, and how long its data is. */
type Read = StoredEvent & { size: number };

/** The event that a message holds; throws `invalid_event` where it is none. */
function read({ id, type, store_id, time, data_json }: Event): Read {
  if (!isId(id) || !isId(store_id) || !/^[a-z_]+\.[a-z_]+$/.test(type) || !time) {
    throw invalid("invalid_event", "An event has an id, a type such as order.paid, a store and a time.");
  }
  const data = parse(z.record(z.string(), z.unknown()), json(data_json));
  const size = data_json.length;
  return { ...figuresOf(type, data), id, type, store_id, time, data, size, unless_heard: isEventType(type) };
}

/**
 * What an event adds to the figures of its day. The revenue is the money that came and went: an order is paid once its
 * payment is authorised, of which all, a part or nothing may be captured, and one that ended may get money that goes back.
 */
function figuresOf(type: string, data: unknown): Partial<StoredEvent> {
  switch (type) {
    case "order.paid": {
      const { total, items } = parse(paidOrder, data);
      const sales = items.map((item) => ({ ...item, revenue: item.total.amount }));
      return { currency: total.currency, orders: 1, sales };
    }
    case "payment.captured": {
      const { amount, currency } = parse(captured, data).payment.captured_amount;
      return { currency, revenue: amount };
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
