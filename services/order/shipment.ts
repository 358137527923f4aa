import { conflict, invalid, type NanoError } from "../shared/errors.ts";
import { type Change, invalidTransition, isSent, leftToSend, NO_CHANGE, type Order } from "./order.ts";

/**
 * Sends lines of an order, all that is left if none are named. Throws `over_shipment`, also where all are sent already,
 * and `invalid_transition` for an order that nobody sends. An order whose last line goes is shipped.
 */
export function ship(order: Order, wanted: { id: string; quantity: number }[]): {
  parcel: { id: string; quantity: number }[];
  change: Change;
} {
  const sends = order.status === "paid" || order.status === "processing";
  if (!sends && !isSent(order.status)) throw invalidTransition(order.status, "shipped", "staff");
  const left = new Map(order.items.map((item) => [item.id, leftToSend(item)]));
  const named = wanted.length > 0
    ? wanted
    : [...left].map(([id, quantity]) => ({ id, quantity })).filter(({ quantity }) => quantity > 0);
  if (named.length === 0) throw overShipment();
  const parcel = new Map<string, number>();
  for (const [index, { id, quantity }] of named.entries()) {
    const remaining = left.get(id);
    if (remaining === undefined) throw invalid("unknown_item", "The order has no such line.", `/items/${index}/id`);
    if (!Number.isInteger(quantity) || quantity < 1) {
      throw invalid("invalid_quantity", "A parcel holds at least 1 of each line.", `/items/${index}/quantity`);
    }
    if (quantity > remaining) throw overShipment();
    left.set(id, remaining - quantity);
    parcel.set(id, (parcel.get(id) ?? 0) + quantity);
  }
  if (!sends) throw invalidTransition(order.status, "shipped", "staff");
  const moves: Change["moves"] = [];
  if (order.status === "paid") moves.push({ to: "processing", reason: "a shipment" });
  if ([...left.values()].every((quantity) => quantity === 0)) {
    moves.push({ to: "shipped", reason: "all lines shipped" });
  }
  return {
    parcel: [...parcel].map(([id, quantity]) => ({ id, quantity })),
    change: { ...NO_CHANGE, moves, events: moves.length ? ["order.status_changed"] : [] },
  };
}

/** The refusal of a parcel that holds more than is left to send. */
export function overShipment(): NanoError {
  return conflict("over_shipment", "That is more than is left to send.");
}
