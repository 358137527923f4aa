/** The events that merchants may subscribe to. What else is published goes into the store's figures only. */
export const EVENT_TYPES = [
  "order.placed",
  "order.paid",
  "order.status_changed",
  "order.cancelled",
  "order.expired",
  "order.refunded",
  "payment.captured",
  "payment.failed",
  "payment.refunded",
  "product.created",
  "product.updated",
  "product.archived",
  "stock.low",
  "customer.created",
  "customer.erased",
] as const;

/** Whether merchants are told of events of a type. */
export function isEventType(type: string): boolean {
  return EVENT_TYPES.some((known) => known === type);
}
