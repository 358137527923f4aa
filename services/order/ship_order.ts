import type { Shipment } from "../../proto/gen/nano/order/v1/order.ts";
import type { Actor } from "../shared/auth.ts";
import { forbidden } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { checkMayShip, moverOf, nameOf, visible } from "./access.ts";
import type { Deps } from "./deps.ts";
import { ship } from "./shipment.ts";

/** A parcel that staff send. */
export interface ShipOrder {
  order_id: string;
  actor: Actor;
  carrier: string;
  tracking_number: string;
  tracking_url?: string | undefined;
  /** All that is left if empty. */
  items: { id: string; quantity: number }[];
}

/** Sends lines of an order. With the last line the order is shipped. */
export async function shipOrder(deps: Deps, request: ShipOrder): Promise<Shipment> {
  const { order_id, actor, carrier, tracking_number, tracking_url } = request;
  checkMayShip(actor);
  return await deps.orders.transaction(async (tx) => {
    const order = visible(actor, await deps.orders.lock(tx, order_id));
    const by = moverOf(actor, order);
    if (by !== "staff") throw forbidden();
    const { parcel, change } = ship(order, request.items);
    const shipment = {
      id: newId(),
      order_id,
      carrier,
      tracking_number,
      ...(tracking_url ? { tracking_url } : {}),
      items: parcel,
    };
    const create_time = await deps.orders.insertShipment(tx, shipment);
    await deps.orders.apply(tx, order, change, nameOf(actor, by, order));
    return { ...shipment, create_time };
  });
}
