import { failpoint } from "../shared/failpoints.ts";
import type { Deps } from "./deps.ts";
import type { FollowUp, StockReturn } from "./order.ts";
import { recordPayment } from "./record_payment.ts";
import { atOnce, commitStock, releaseStock, returnStock } from "./stock.ts";

/** The follow-ups that are done both at once and, should that fail, by job. */
export const FOLLOW_UPS = {
  commit_stock: (deps: Deps, payload: unknown) => commitStock(deps, orderOf(payload)),
  release_stock: (deps: Deps, payload: unknown) => releaseStock(deps, orderOf(payload)),
  return_stock: (deps: Deps, payload: unknown) => returnStock(deps, orderOf(payload), payload as StockReturn),
  cancel_payments: (deps: Deps, payload: unknown) => cancelPayments(deps, orderOf(payload)),
} as const;

/** Voids or refunds whatever an order's payments still hold, and has the order follow. */
async function cancelPayments(deps: Deps, order_id: string): Promise<void> {
  const payments = await deps.neighbours.payment.cancelPayments(order_id, "The order was cancelled.");
  await failpoint("order.after_cancel_payments");
  for (const payment of payments) await recordPayment(deps, payment);
}

/** Does at once what follows a change, in order; what fails its job does later. */
export async function performAll(deps: Deps, follow_ups: FollowUp[]): Promise<void> {
  for (const { name, key, payload } of follow_ups) {
    if (!(name in FOLLOW_UPS)) continue;
    await atOnce(deps, key, () => FOLLOW_UPS[name as keyof typeof FOLLOW_UPS](deps, payload));
  }
}

/** The order that a job is about. */
export function orderOf(payload: unknown): string {
  return (payload as { order_id: string }).order_id;
}
