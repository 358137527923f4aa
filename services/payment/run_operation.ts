import { CapturePaymentResponse } from "../../proto/gen/nano/payment/v1/payment.ts";
import { failpoint } from "../shared/failpoints.ts";
import { finishKey } from "../shared/idempotency.ts";
import type { Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { paymentMessage } from "./messages.ts";
import { type Operation, operationFailed, type OperationPlan } from "./operation.ts";
import { chargeOf, inCurrency, type Payment, settlement } from "./payment.ts";
import { type ChargeState, ProviderFault, within } from "./providers/provider.ts";
import { lookUp } from "./resolve_payment.ts";
import { BACKSTOP, enter, timeToAsk } from "./settle_payment.ts";

/** A provider that has lost the charge holds no money. */
const NOTHING_THERE = { status: "voided", captured_amount: 0, failure_code: null } as const;

/** Writes a capture or void that is to be done, with the job that does it whatever happens to us; false if one is under way. */
export async function openOperation(
  { repository }: Deps,
  tx: Tx,
  id: string,
  payment: Payment,
  plan: OperationPlan,
): Promise<boolean> {
  if (!await repository.insertOperation(tx, { id, payment_id: payment.id, ...plan })) return false;
  await runSoon({ repository }, tx, id, BACKSTOP);
  return true;
}

/** Carries out a capture or void: asks the provider, by the operation's id as key, and writes down what it told. */
export async function runOperation(deps: Deps, id: string): Promise<Operation | undefined> {
  const operation = await deps.repository.findOperation(id);
  if (!operation || operation.status !== "pending") return operation;
  const payment = await deps.repository.find(operation.payment_id);
  if (!payment) return undefined;
  await failpoint(`payment.before_${operation.kind}`);
  const charge = await ask(deps, payment, operation);
  await failpoint(`payment.after_${operation.kind}`);
  await finish(deps, payment, operation, charge);
  return await deps.repository.findOperation(id);
}

/** Adds the job that carries a capture or void out. One per operation waits. */
export async function runSoon({ repository }: Pick<Deps, "repository">, tx: Tx, operation_id: string, after: string) {
  await repository.addJob(tx, "run_operation", { operation_id }, { key: `operation:${operation_id}`, after });
}

/** What the provider has done with the charge. A refusal is looked into: perhaps it is as wanted already, or gone. */
async function ask(deps: Deps, payment: Payment, { id, kind, amount }: Operation): Promise<ChargeState> {
  const provider = deps.providers.of(payment.method);
  const milliseconds = timeToAsk();
  const end = Date.now() + milliseconds;
  const order = { key: id, charge: chargeOf(payment) };
  try {
    return await within(
      milliseconds,
      (signal) =>
        kind === "void"
          ? provider.void(order, signal)
          : provider.capture({ ...order, amount: inCurrency(payment, amount) }, signal),
    );
  } catch (error) {
    deps.log.warn({ err: error, payment_id: payment.id, kind }, "a provider did not do what it was asked to");
    if (!(error instanceof ProviderFault)) return { state: "pending" };
    return await lookUp(deps, provider, payment, Math.max(1, end - Date.now()));
  }
}

/** Writes the end of a capture or void, once, with the payment's move and the client's answer. No end yet: the job goes on. */
async function finish(deps: Deps, payment: Payment, operation: Operation, charge: ChargeState): Promise<void> {
  const { repository } = deps;
  const wanted = operation.kind === "void" ? "voided" : "captured";
  const settled = settlement(charge) ?? (charge.state === "absent" ? NOTHING_THERE : undefined);
  if (!settled) return;
  await repository.transaction(async (tx) => {
    const failure_code = charge.state === wanted ? null : failureOf(charge);
    const ended = await repository.finishOperation(tx, operation.id, failure_code);
    if (!ended) return;
    const moved = await enter(deps, tx, payment, settled, true) ?? await repository.lock(tx, payment.id) ?? payment;
    const answer = CapturePaymentResponse.encode({ payment: paymentMessage(moved), replayed: false, pending: false });
    await finishKey(
      tx,
      operation.id,
      failure_code === null ? { answer: answer.finish() } : { error: operationFailed(ended) },
    );
  });
}

/** Why it did not come to what was wanted. */
function failureOf(charge: ChargeState): string {
  switch (charge.state) {
    case "voided":
      return "authorization_ended";
    case "captured":
      return "already_captured";
    case "declined":
      return charge.failure_code;
    default:
      return charge.state === "absent" ? "authorization_ended" : "provider_error";
  }
}
