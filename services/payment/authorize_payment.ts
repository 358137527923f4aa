import { remainingTime } from "../shared/context.ts";
import { conflict, invalid, unavailable } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { collect } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { blockedBy, isOpen, type Payment } from "./payment.ts";
import type { Intent } from "./move_repository.ts";
import { askToCharge, resolvePayment } from "./resolve_payment.ts";
import { resolveSoon, settlePayment, timeToAsk } from "./settle_payment.ts";

/** What is left of the deadline after this is for writing the answer down and sending it. */
const MARGIN_MS = 1_000;

/**
 * Authorises the payment of an order. The intent is written, with the job that looks after it, before the provider is
 * called; a repeated request finds it and never charges twice. The outcome, also a decline or `unknown`, is in the
 * payment. Throws `unknown_method`, `already_paid`, `payment_in_progress`.
 */
export async function authorizePayment(deps: Deps, intent: Intent): Promise<Payment> {
  const { repository, providers } = deps;
  const provider = providers.offered.find(({ method }) => method.id === intent.method);
  if (!provider) throw invalid("unknown_method", "The store has no such payment method.", "/method");
  const written = await repository.insert(intent, await collect((tx) => resolveSoon(deps, tx, intent)));
  if (!written) return await repeated(deps, intent);
  await failpoint("payment.after_intent");
  const charge = await askToCharge(deps, provider, written, timeToAsk(MARGIN_MS));
  await failpoint("payment.after_charge");
  return await settlePayment(deps, written, charge, lateForTheCaller());
}

/** The request came before, or another payment of the order did. */
async function repeated(deps: Deps, intent: Intent): Promise<Payment> {
  const earlier = await deps.repository.findAttempt(intent.order_id, intent.attempt);
  if (earlier?.id === intent.id) {
    if (earlier.amount !== intent.amount || earlier.currency !== intent.currency || earlier.method !== intent.method) {
      throw conflict("payment_differs", "The payment was asked for before, with another amount or method.");
    }
    return isOpen(earlier) ? await resolvePayment(deps, earlier, timeToAsk(MARGIN_MS), lateForTheCaller()) : earlier;
  }
  const blocking = earlier ?? await deps.repository.findBlocking(intent.order_id);
  // Whatever stood in the way has just come to nothing: the caller may try again.
  if (!blocking) throw unavailable();
  throw blockedBy(blocking);
}

/** Whether the caller may have stopped waiting, so that it must hear by job. */
function lateForTheCaller(): boolean {
  return remainingTime(Infinity) < MARGIN_MS / 2;
}
