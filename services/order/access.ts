import { type Actor, may, mayAnywhere, owns, requireIdentity } from "../shared/auth.ts";
import { forbidden, notFound, unauthenticated } from "../shared/errors.ts";
import type { Mover, Order } from "./order.ts";

/** Whether the actor bought an order: the user, or the guest as long as the token lives. */
function isBuyer(actor: Actor, order: Order): boolean {
  if (!owns(actor, order)) return false;
  return order.user_id !== undefined || (order.guest_expire_time !== undefined && order.guest_expire_time > new Date());
}

/** The order, if the actor may see it. Throws `order_not_found`, and for a stranger `unauthenticated`. */
export function visible(actor: Actor, order: Order | undefined): Order {
  if (actor.kind === "service" && order) return order;
  if (actor.kind === "anonymous") throw unauthenticated();
  if (actor.api_key && !mayAnywhere(actor, "order:read")) throw forbidden();
  const shown = order && order.status !== "placing" ? order : undefined;
  if (shown && (isBuyer(actor, shown) || may(actor, "order:read", shown.store_id))) return shown;
  throw notFound("order");
}

/** The order, if the actor bought it. */
export function bought(actor: Actor, order: Order | undefined): Order {
  if (actor.kind === "anonymous") throw unauthenticated();
  if (order && order.status !== "placing" && isBuyer(actor, order)) return order;
  throw notFound("order");
}

/** In which part the actor moves an order that is visible to it. Throws `forbidden` for staff who only may read. */
export function moverOf(actor: Actor, order: Order): Mover {
  if (may(actor, "order:write", order.store_id)) return "staff";
  if (isBuyer(actor, order)) return "buyer";
  throw forbidden();
}

/** Refuses whoever may not send the orders of a store, before anything else is looked at. */
export function checkMayShip(actor: Actor): void {
  requireIdentity(actor);
  if (!mayAnywhere(actor, "order:write")) throw forbidden();
}

/** Who moved an order, as its history says. */
export function nameOf(actor: Actor, by: Mover, order: Order): string {
  return by === "staff" ? staffName(actor) : buyerOf(order);
}

/** What histories and notes call who works for a store: a person, a machine by its key, or the platform. */
export function staffName(actor: Actor): string {
  if (actor.api_key) return `api_key:${actor.api_key.id}`;
  return actor.user_id ? `staff:${actor.user_id}` : "system";
}

/** What the history calls an order's buyer. */
export function buyerOf(order: Order): string {
  return order.user_id ? "customer" : "guest";
}
