import { CapturePaymentResponse } from "../../proto/gen/nano/payment/v1/payment.ts";
import { NanoError, notFound } from "../shared/errors.ts";
import { claimKey, finishKey, orYield, yieldKey } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import type { Tx } from "../shared/postgres.ts";
import { paymentMessage } from "./messages.ts";
import { operationFailed, type OperationPlan, operationUnderWay } from "./operation.ts";
import type { Payment } from "./payment.ts";
import { openOperation, runOperation, runSoon } from "./run_operation.ts";
import type { Deps } from "./settle_payment.ts";

/** A capture or void as staff ask for it: `plan` decides what is done with the payment as it is then. */
export interface OperationInput {
  payment: Payment;
  key: string;
  fingerprint: string;
  principal: string;
  plan: (payment: Payment) => OperationPlan;
}

type Step = { run: string } | { replayed: CapturePaymentResponse } | { refused: NanoError };

/**
 * Captures or voids an authorised payment: writes what is to be done under the payment's lock, tells the provider, has
 * the payment, the ledger and the order service follow. Without an answer it is `pending`, and its job goes on. Throws
 * what the plan throws, `payment_in_progress`, and `capture_failed` or `void_failed` where the provider refuses.
 */
export async function operateOnPayment(deps: Deps, input: OperationInput): Promise<CapturePaymentResponse> {
  const id = newId();
  const step = await deps.repository.transaction((tx) => claim(deps, tx, id, input));
  if ("refused" in step) throw step.refused;
  if ("replayed" in step) return { ...step.replayed, replayed: true };
  const operation = await orYield(() => leaveToJob(deps, step.run), () => runOperation(deps, step.run));
  const payment = await deps.repository.find(input.payment.id);
  if (!operation || !payment) throw notFound("payment");
  if (operation.status === "failed") throw operationFailed(operation);
  if (operation.status === "pending") {
    await deps.repository.transaction((tx) => runSoon(deps, tx, operation.id, "1 second"));
  }
  return { payment: paymentMessage(payment), replayed: step.run !== id, pending: operation.status === "pending" };
}

/** What the provider did is not written down: the job, or the same key again, asks it by the operation's id. */
function leaveToJob(deps: Deps, id: string): Promise<void> {
  return deps.repository.transaction(async (tx) => {
    await yieldKey(tx, id);
    await runSoon(deps, tx, id, "1 second");
  });
}

/** Claims the key and writes the operation, in one transaction; a refusal is kept under the key. */
async function claim(deps: Deps, tx: Tx, id: string, input: OperationInput): Promise<Step> {
  const { principal, key, fingerprint } = input;
  const { store_id } = input.payment;
  const found = await claimKey(tx, { store_id, principal, key, fingerprint, resource_id: id });
  if (found.state === "abandoned") return { run: found.resource_id };
  if (found.state === "done") {
    return "error" in found.outcome
      ? { refused: found.outcome.error }
      : { replayed: CapturePaymentResponse.decode(found.outcome.answer) };
  }
  try {
    const payment = await deps.repository.lock(tx, input.payment.id);
    if (!payment) throw notFound("payment");
    if (!await openOperation(deps, tx, id, payment, input.plan(payment))) throw operationUnderWay();
    return { run: id };
  } catch (error) {
    // Anything else rolls the claim back with all the rest; what is under way may be tried again with the same key.
    if (!(error instanceof NanoError) || error.kind !== "conflict" || error.code === "payment_in_progress") throw error;
    await finishKey(tx, id, { error });
    return { refused: error };
  }
}
