import { z } from "@hono/zod-openapi";
import { currentActor, require } from "../shared/auth.ts";
import type { Clients } from "./clients.ts";
import { Id, Time } from "./schemas.ts";
import { Shipment } from "./routes/orders.ts";
import { Payment, presentPayment, Refund } from "./routes/payments.ts";

const by = {
  actor: z.string().openapi({ description: "customer, guest, staff:<id>, api_key:<id> or system.", example: "system" }),
  actor_name: z.string().optional().openapi({ description: "The name of staff.", example: "Ada Lovelace" }),
};

/** One thing that happened to an order. */
export const TimelineEntry = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("status"),
    time: Time,
    from: z.string(),
    to: z.string().openapi({ example: "paid" }),
    reason: z.string(),
    ...by,
  }),
  z.object({ kind: z.literal("note"), time: Time, id: Id, text: z.string(), ...by }),
  z.object({ kind: z.literal("shipment"), time: Time, shipment: Shipment }),
  z.object({ kind: z.literal("payment"), time: Time, payment: Payment }),
  z.object({ kind: z.literal("refund"), time: Time, refund: Refund }),
]).openapi("TimelineEntry", {
  example: {
    kind: "note",
    time: "2026-11-22T09:30:00.000Z",
    id: "019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a69",
    text: "Called the buyer.",
    actor: "staff:019aa0b4-7a3c-7c55-9b7e-3f1d2c4b5a70",
    actor_name: "Ada Lovelace",
  },
});

/** Puts together what happened to an order, newest first, for staff of its store. */
export function createTimeline({ order, payment, user }: Pick<Clients, "order" | "payment" | "user">) {
  return async (id: string) => {
    const found = await order.getOrder({ id });
    const { store_id, history } = found;
    require(currentActor(), "order:read", store_id, "order");
    const [notes, shipments, payments] = await Promise.all([
      order.listNotes({ order_id: id }),
      order.listShipments({ order_id: id }),
      payment.listPayments({ store_id, order_id: id, limit: 100, count: false }),
    ]);
    const refunds = await Promise.all(payments.data.map(({ id }) => payment.listRefunds({ payment_id: id })));
    const ids = [...history, ...notes.data].flatMap(({ actor }) => staffOf(actor) ?? []);
    const names = await namesOf(store_id, [...new Set(ids)]);
    const who = (actor: string) => {
      const actor_name = names.get(staffOf(actor) ?? "");
      return { actor, ...(actor_name ? { actor_name } : {}) };
    };
    const entries = [
      ...history.map(({ from, to, actor, reason, time }) => ({
        kind: "status" as const,
        time: iso(time),
        from,
        to,
        reason,
        ...who(actor),
      })),
      ...notes.data.map(({ id, text, actor, create_time }) => ({
        kind: "note" as const,
        time: iso(create_time),
        id,
        text,
        ...who(actor),
      })),
      ...shipments.data.map((shipment) => ({ kind: "shipment" as const, time: iso(shipment.create_time), shipment })),
      ...payments.data.map((found) => ({
        kind: "payment" as const,
        time: iso(found.create_time),
        payment: presentPayment(found),
      })),
      ...refunds.flatMap(({ data }) => data).map((refund) => ({
        kind: "refund" as const,
        time: iso(refund.create_time),
        refund,
      })),
    ];
    // Of one moment the later in this list is the newer.
    return entries.reverse().sort((a, b) => b.time.localeCompare(a.time));
  };

  /** Names are a kindness: without the user service there are none. */
  async function namesOf(store_id: string, ids: string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const { data } = await user.listStaffNames({ store_id, ids }).catch(() => ({ data: [] }));
    return new Map(data.map(({ id, name }) => [id, name]));
  }
}

function staffOf(actor: string): string | undefined {
  return /^staff:(.+)$/.exec(actor)?.[1];
}

function iso(time: Date | undefined): string {
  return time?.toISOString() ?? "";
}
