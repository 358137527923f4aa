import { faults, type FormErrors } from "../form_errors.ts";
import type { OrderView } from "./load.ts";
import { canCancel, canShip } from "./moves.ts";

/** How many of each line are neither under way nor back on the shelf, by the line's id. */
export function toSend(
  { order, shipments, payments }: Pick<OrderView, "order" | "shipments" | "payments">,
): Map<string, number> {
  const restocked = payments.flatMap(({ refunds }) => refunds)
    .filter(({ restock, status }) => restock && status === "succeeded");
  const gone = new Map<string, number>();
  for (const { id, quantity } of [...shipments, ...restocked].flatMap(({ items }) => items)) {
    gone.set(id, (gone.get(id) ?? 0) + quantity);
  }
  return new Map(order.items.map(({ id, quantity }) => [id, Math.max(0, quantity - (gone.get(id) ?? 0))]));
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
