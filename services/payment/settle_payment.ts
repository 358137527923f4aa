import { remainingTime } from "../shared/context.ts";
import { collect, type Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { eventData } from "./messages.ts";
import { holds, type Payment, settlement } from "./payment.ts";
import { countPayment } from "./payment_metrics.ts";
import type { ChargeState } from "./providers/provider.ts";
import type { Outcome } from "./move_repository.ts";

/** How long a direct answer is waited for; then the payment is `unknown` and the job goes on asking. */
export const ANSWER_MS = 8_000;

/** How long a provider may take now, in ms: what is left of the deadline but for a margin, to write the answer down and send it. */
export function timeToAsk(margin_ms = 500): number {
  return Math.max(1, Math.min(ANSWER_MS, remainingTime(ANSWER_MS + margin_ms) - margin_ms));
}

/** When the job looks after a payment or refund whose request should have been answered long ago. */
export const BACKSTOP = "12 seconds";

/**
 * Writes down what the provider told, with all that follows from it: the ledger, the events, the word to the order
 * service (`report`, where it does not get the answer itself). Tells nothing final: the payment is `unknown`, and the
 * job asks on. Whoever comes second changes nothing. Gives the payment as it is then.
 */
export async function settlePayment(
  { repository }: Deps,
  payment: Payment,
  charge: ChargeState,
  report: boolean,
): Promise<Payment> {
  const settled = settlement(charge) ?? { status: "unknown", captured_amount: 0, failure_code: null } as const;
  // All by one statement, for what it becomes is known; unless its order is off, or it has moved on.
  const along = await collect((tx) => follow({ repository }, tx, { ...payment, ...settled }, report));
  const moved = await repository.moveAlong(payment.id, settled, along) ??
    await repository.transaction((tx) => enter({ repository }, tx, payment, settled, report));
  return moved ?? await repository.find(payment.id) ?? payment;
}

/** Moves a payment within a transaction, with all that follows; undefined if it does not move, or no more. */
export async function enter(
  { repository }: Pick<Deps, "repository">,
  tx: Tx,
  payment: Payment,
  settled: Outcome,
  report: boolean,
): Promise<Payment | undefined> {
  const moved = await repository.move(tx, payment.id, settled);
  if (moved) await follow({ repository }, tx, moved, report);
  return moved;
}

/** What follows the move of a payment: the events, the jobs, the metrics. */
async function follow(
  { repository }: Pick<Deps, "repository">,
  tx: Tx,
  moved: Payment,
  report: boolean,
): Promise<void> {
  countPayment(tx, moved);
  const { id, status, store_id, cancel_requested } = moved;
  if (status === "unknown") return await resolveSoon({ repository }, tx, moved, "1 second");
  await Promise.all([
    status === "captured" && repository.emit(tx, "payment.captured", store_id, eventData(moved)),
    status === "declined" && repository.emit(tx, "payment.failed", store_id, eventData(moved)),
    report && repository.addJob(tx, "report_payment", { payment_id: id }),
    // Now that it is known what became of the payment, nobody need find it out.
    !cancel_requested && repository.removeJob(tx, `resolve:${id}`),
    cancel_requested && holds(moved) && resolveSoon({ repository }, tx, moved, "0 seconds"),
  ]);
}

/** Adds the job that finds out what became of a payment, and lets go of it if its order is off. One per payment waits. */
export async function resolveSoon(
  { repository }: Pick<Deps, "repository">,
  tx: Tx,
  payment: { id: string },
  after = BACKSTOP,
): Promise<void> {
  await repository.addJob(tx, "resolve_payment", { payment_id: payment.id }, { key: `resolve:${payment.id}`, after });
}
