import { faults, type FormErrors } from "../form_errors.ts";
import type { OrderView } from "./load.ts";
import { canCancel, canShip } from "./moves.ts";

/** How many of each line are not yet under way, by the line's id. */
export function toSend({ order, shipments }: Pick<OrderView, "order" | "shipments">): Map<string, number> {
  const sent = new Map<string, number>();
  for (const { id, quantity } of shipments.flatMap(({ items }) => items)) {
    sent.set(id, (sent.get(id) ?? 0) + quantity);
  }
  return new Map(order.items.map(({ id, quantity }) => [id, quantity - (sent.get(id) ?? 0)]));
}

/** Why a form was refused that the page has no more, as the order moved on since it was opened: to be said on top. */
export function refusedOfGone(view: OrderView): FormErrors | undefined {
  const { order: { status }, payments, refused } = view;
  if (!refused) return undefined;
  const { action, errors } = refused;
  const shown = [
    "note",
    ...(canShip(status) && [...toSend(view).values()].some((quantity) => quantity > 0) ? ["ship"] : []),
    ...(canCancel(status) ? ["cancel"] : []),
    ...payments.flatMap(({ id, status, captured_amount, refunded_amount }) => [
      ...(status === "authorized" ? [`capture${id}`, `void${id}`] : []),
      ...(captured_amount.amount > refunded_amount.amount ? [`refund${id}`] : []),
    ]),
  ];
  if (shown.includes(action)) return undefined;
  return faults(errors.summary || Object.values(errors.fields).join(" "));
}
