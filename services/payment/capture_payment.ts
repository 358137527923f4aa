import { CapturePaymentResponse } from "../../proto/gen/nano/payment/v1/payment.ts";
import { notFound } from "../shared/errors.ts";
import { orYield } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import type { Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { claimStep, leaveToJob } from "./keyed_step.ts";
import { paymentMessage } from "./messages.ts";
import { operationFailed, type OperationPlan, operationUnderWay } from "./operation.ts";
import type { Payment } from "./payment.ts";
import { openOperation, runOperation, runSoon } from "./run_operation.ts";

/** A capture or void as staff ask for it: `plan` decides what is done with the payment as it is then. */
export interface OperationInput {
  payment: Payment;
  key: string;
  fingerprint: string;
  principal: string;
  plan: (payment: Payment) => OperationPlan;
}

/**
 * Captures or voids an authorised payment: writes what is to be done under the payment's lock, tells the provider, has
 * the payment, the ledger and the order service follow. Without an answer it is `pending`, and its job goes on. Throws
 * what the plan throws, `payment_in_progress`, and `capture_failed` or `void_failed` where the provider refuses.
 */
export async function operateOnPayment(deps: Deps, input: OperationInput): Promise<CapturePaymentResponse> {
  const id = newId();
  const { payment: { store_id }, principal, key, fingerprint } = input;
  const keyed = { store_id, principal, key, fingerprint, resource_id: id };
  const step = await claimStep(deps, keyed, CapturePaymentResponse.decode, (tx) => open(deps, tx, id, input));
  if ("refused" in step) throw step.refused;
  if ("replayed" in step) return { ...step.replayed, replayed: true };
  const soon = (tx: Tx) => runSoon(deps, tx, step.run, "1 second");
  const operation = await orYield(() => leaveToJob(deps, step.run, soon), () => runOperation(deps, step.run));
  const payment = await deps.repository.find(input.payment.id);
  if (!operation || !payment) throw notFound("payment");
  if (operation.status === "failed") throw operationFailed(operation);
  if (operation.status === "pending") await deps.repository.transaction(soon);
  return { payment: paymentMessage(payment), replayed: step.run !== id, pending: operation.status === "pending" };
}

/** Plans a capture or void under the payment's lock and writes it. */
async function open(deps: Deps, tx: Tx, id: string, input: OperationInput): Promise<void> {
  const payment = await deps.repository.lock(tx, input.payment.id);
  if (!payment) throw notFound("payment");
  if (!await openOperation(deps, tx, id, payment, input.plan(payment))) throw operationUnderWay();
}
