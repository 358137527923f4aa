/** The moves that the order service lets staff make, by status; cancelling has its own form. */
const MOVES: Record<string, readonly string[]> = {
  paid: ["processing"],
  processing: ["shipped"],
  shipped: ["delivered"],
  delivered: ["completed"],
};

const CANCELLABLE: readonly string[] = ["pending_payment", "paid", "processing"];
const SHIPPABLE: readonly string[] = ["paid", "processing"];

export const STATUSES = [
  "pending_payment",
  "paid",
  "processing",
  "shipped",
  "delivered",
  "completed",
  "cancelled",
  "expired",
  "refunded",
] as const;

/** Where staff may move an order to. */
export function movesOf(status: string): readonly string[] {
  return MOVES[status] ?? [];
}

/** Whether staff may cancel an order. */
export function canCancel(status: string): boolean {
  return CANCELLABLE.includes(status);
}

/** Whether goods of an order may be sent, after which it may be shipped. */
export function canShip(status: string): boolean {
  return SHIPPABLE.includes(status);
}
