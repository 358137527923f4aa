import { NanoError } from "../shared/errors.ts";
import { remainingTime } from "../shared/context.ts";
import { isOpen, type Payment, refundable } from "./payment.ts";
import { within } from "./providers/provider.ts";
import { refundRest } from "./refund_payment.ts";
import { resolvePayment } from "./resolve_payment.ts";
import { ANSWER_MS, type Deps, resolveSoon } from "./settle_payment.ts";

const MARGIN_MS = 500;

/**
 * Lets go of whatever an order's payments hold: what is open is resolved first, what is authorised is voided, what was
 * captured is refunded in full. What can't be done now is done by job. Gives the payments as they are then.
 */
export async function cancelPayments(deps: Deps, order_id: string, reason: string): Promise<Payment[]> {
  const { repository } = deps;
  const marked = await repository.transaction(async (tx) => {
    const marked = await repository.requestCancel(tx, order_id, reason);
    for (const payment of marked) await resolveSoon(deps, tx, payment);
    return marked;
  });
  for (const payment of marked) {
    await letGo(deps, payment).catch((error) =>
      deps.log.warn({ err: error, payment_id: payment.id }, "a cancelled payment is left to its job")
    );
  }
  return await repository.listOfOrder(order_id);
}

/** Brings one payment of an order that is off to its end, as far as the provider answers. */
export async function letGo(deps: Deps, given: Payment): Promise<void> {
  const payment = isOpen(given) ? await resolvePayment(deps, given, answerTime(), true) : given;
  if (payment.status === "authorized") await voidPayment(deps, payment);
  if (refundable(payment) > 0) await refundRest(deps, payment).catch(ignoreOverRefund);
}

async function voidPayment({ repository, providers }: Deps, payment: Payment): Promise<void> {
  const provider = providers.of(payment.method);
  const { state } = await within(answerTime(), (signal) => provider.void(payment.provider_key, signal));
  if (state !== "voided") throw new Error(`Cannot void payment ${payment.id} as its provider says ${state}.`);
  await repository.transaction(async (tx) => {
    const voided = await repository.move(tx, payment.id, { status: "voided", captured_amount: 0, failure_code: null });
    if (voided) await repository.addJob(tx, "report_payment", { payment_id: payment.id });
  });
}

/** Someone else refunded the rest in the meantime. */
function ignoreOverRefund(error: unknown): void {
  if (!(error instanceof NanoError) || error.code !== "over_refund") throw error;
}

function answerTime(): number {
  return Math.max(1, Math.min(ANSWER_MS, remainingTime(ANSWER_MS) - MARGIN_MS));
}
