import { NanoError } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { newId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { planVoid } from "./operation.ts";
import { isOpen, type Payment, refundable } from "./payment.ts";
import { refundRest } from "./refund_payment.ts";
import { resolvePayment } from "./resolve_payment.ts";
import { openOperation, runOperation } from "./run_operation.ts";
import { resolveSoon, timeToAsk } from "./settle_payment.ts";

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
  await failpoint("payment.after_cancel_mark");
  for (const payment of marked) {
    await letGo(deps, payment).catch((error) =>
      deps.log.warn({ err: error, payment_id: payment.id }, "a cancelled payment is left to its job")
    );
  }
  return await repository.listOfOrder(order_id);
}

/** Brings one payment of an order that is off to its end, as far as the provider answers. */
export async function letGo(deps: Deps, given: Payment): Promise<void> {
  let payment = isOpen(given) ? await resolvePayment(deps, given, timeToAsk(), true) : given;
  if (payment.status === "authorized") payment = await voidPayment(deps, payment);
  if (refundable(payment) > 0) await refundRest(deps, payment).catch(ignoreOverRefund);
}

/** Voids a payment, after the capture or void that is under way, if any. Gives the payment as it is then. */
async function voidPayment(deps: Deps, given: Payment): Promise<Payment> {
  const { repository } = deps;
  const underWay = await repository.findPendingOperation(given.id);
  if (underWay) await runOperation(deps, underWay.id);
  const id = newId();
  const opened = await repository.transaction(async (tx) => {
    const payment = await repository.lock(tx, given.id);
    return payment?.status === "authorized" && await openOperation(deps, tx, id, payment, planVoid(payment));
  });
  if (opened) await runOperation(deps, id);
  return await repository.find(given.id) ?? given;
}

/** Someone else refunded the rest in the meantime. */
function ignoreOverRefund(error: unknown): void {
  if (!(error instanceof NanoError) || error.code !== "over_refund") throw error;
}
