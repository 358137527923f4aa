import { RefundPaymentResponse } from "../../proto/gen/nano/payment/v1/payment.ts";
import { checkStepUp } from "../shared/auth.ts";
import { notFound } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { finishKey, orYield } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import { onCommit, type Tx } from "../shared/postgres.ts";
import type { Deps } from "./deps.ts";
import { claimStep, leaveToJob } from "./keyed_step.ts";
import { eventData, refundMessage } from "./messages.ts";
import { chargeOf, holds, inCurrency, type Payment } from "./payment.ts";
import { countRefund } from "./payment_metrics.ts";
import { type RefundState, within } from "./providers/provider.ts";
import { checkSupportLimit, overRefund, pauseAfter, planRefund, type Refund, type RefundWish } from "./refund.ts";
import { BACKSTOP, resolveSoon, timeToAsk } from "./settle_payment.ts";

/** A refund as staff ask for it. */
export interface RefundInput extends RefundWish {
  payment: Payment;
  key: string;
  fingerprint: string;
  principal: string;
  reason: string;
  restock: boolean;
  /** Whether the actor may refund any amount, not only up to the support's limit. */
  unlimited: boolean;
  /** Over so many major units the actor must confirm to be there first. */
  step_up_over?: number | undefined;
}

/**
 * Refunds a payment: sets the amount aside under the payment's lock, tells the provider, counts the money as gone.
 * A refund without an answer stays `pending`, and its job goes on. Throws `over_refund`, `refund_limit`.
 */
export async function refundPayment(deps: Deps, input: RefundInput): Promise<RefundPaymentResponse> {
  const id = newId();
  const { payment: { store_id }, principal, key, fingerprint } = input;
  const keyed = { store_id, principal, key, fingerprint, resource_id: id };
  const step = await claimStep(deps, keyed, RefundPaymentResponse.decode, (tx) => openRefund(deps, tx, id, input));
  if ("refused" in step) throw step.refused;
  if ("replayed" in step) return { ...step.replayed, replayed: true };
  const soon = (tx: Tx) => runSoon(deps, tx, step.run, "1 second");
  const refund = await orYield(() => leaveToJob(deps, step.run, soon), () => runRefund(deps, step.run));
  if (!refund) throw notFound("refund");
  if (refund.status === "pending") await deps.repository.transaction(soon);
  return { refund: refundMessage(refund), replayed: step.run !== id };
}

/** Plans a refund under the payment's lock and writes it, with the job that carries it out whatever happens to us. */
async function openRefund(
  { repository }: Deps,
  tx: Tx,
  id: string,
  wish: RefundWish & {
    payment: { id: string };
    reason: string;
    restock: boolean;
    unlimited: boolean;
    step_up_over?: number | undefined;
  },
): Promise<void> {
  const payment = await repository.lock(tx, wish.payment.id);
  if (!payment) throw notFound("payment");
  const plan = planRefund(payment, wish, await repository.returnedLines(tx, payment.id));
  if (!wish.unlimited) checkSupportLimit(plan.amount, payment.currency);
  if (wish.step_up_over !== undefined) checkStepUp(inCurrency(payment, plan.amount), wish.step_up_over);
  if (!await repository.reserveRefund(tx, payment.id, plan.amount)) throw overRefund(payment);
  const { reason, restock } = wish;
  await repository.insertRefund(tx, { id, payment_id: payment.id, reason, restock, ...plan });
  await runSoon({ repository }, tx, id, BACKSTOP);
}

/** Adds the job that carries a refund out. One per refund waits. */
async function runSoon({ repository }: Pick<Deps, "repository">, tx: Tx, refund_id: string, after: string) {
  await repository.addJob(tx, "run_refund", { refund_id }, { key: `refund:${refund_id}`, after });
}

/** Gives back all that is left of a payment whose order is off. The order itself returns the stock. */
export async function refundRest(deps: Deps, payment: Payment): Promise<Refund | undefined> {
  const id = newId();
  const reason = payment.cancel_reason ?? "The order was cancelled.";
  await deps.repository.transaction((tx) =>
    openRefund(deps, tx, id, { payment, items: [], reason, restock: false, unlimited: true })
  );
  return await runRefund(deps, id);
}

/** Carries a refund out: asks the provider, by the refund's id as key, and writes down what it told. */
export async function runRefund(deps: Deps, id: string): Promise<Refund | undefined> {
  const refund = await deps.repository.findRefund(id);
  if (!refund || refund.status !== "pending") return refund;
  const payment = await deps.repository.find(refund.payment_id);
  if (!payment) return undefined;
  await failpoint("payment.before_refund");
  const state = await askToRefund(deps, payment, refund);
  await failpoint("payment.after_refund");
  if (state.state !== "pending") await finishRefund(deps, refund, state);
  return await deps.repository.findRefund(id);
}

async function askToRefund(deps: Deps, payment: Payment, refund: Refund): Promise<RefundState> {
  const provider = deps.providers.of(payment.method);
  const order = { key: refund.id, charge: chargeOf(payment), amount: inCurrency(payment, refund.amount) };
  try {
    return await within(timeToAsk(), (signal) => provider.refund(order, signal));
  } catch (error) {
    deps.log.warn({ err: error, refund_id: refund.id }, "a provider did not say what became of a refund");
    return { state: "pending" };
  }
}

/** Writes the end of a refund; whoever comes second changes nothing. */
async function finishRefund(deps: Deps, refund: Refund, state: RefundState): Promise<void> {
  await deps.repository.transaction((tx) => endRefund(deps, tx, refund, state));
}

/** The end of a refund, once, with the ledger, the event, the word to the order service and the client's answer. */
export async function endRefund(
  { repository, log }: Pick<Deps, "repository" | "log">,
  tx: Tx,
  refund: Refund,
  state: RefundState,
): Promise<void> {
  const failure_code = state.state === "failed" ? state.failure_code : null;
  const status = failure_code === null ? "succeeded" : "failed";
  if (!await repository.finishRefund(tx, refund.id, status, failure_code)) return;
  const payment = failure_code === null
    ? await repository.applyRefund(tx, refund.payment_id, refund.amount)
    : await repository.releaseRefund(tx, refund.payment_id, refund.amount);
  const ended = await repository.findRefund(refund.id, tx);
  if (!payment || !ended) throw new Error(`Cannot finish refund ${refund.id} as its payment is gone.`);
  if (failure_code === null) {
    await repository.postRefund(tx, payment, refund.id, refund.amount);
    countRefund(tx, payment.currency, refund.amount);
    await repository.emit(tx, "payment.refunded", payment.store_id, eventData(payment, ended));
    await repository.addJob(tx, "report_payment", { payment_id: payment.id, refund_id: refund.id });
  } else if (payment.cancel_requested && holds(payment)) {
    await giveBackLater({ repository, log }, tx, payment, ended);
  }
  await finishKey(tx, refund.id, {
    answer: RefundPaymentResponse.encode({ refund: refundMessage(ended), replayed: false }).finish(),
  });
}

/** The order is off, so the money is the buyer's: once more, after a pause, though the provider has refused. */
async function giveBackLater(
  { repository, log }: Pick<Deps, "repository" | "log">,
  tx: Tx,
  { id: payment_id }: Payment,
  { id: refund_id, failure_code }: Refund,
): Promise<void> {
  const times = await repository.countFailedRefunds(tx, payment_id);
  await resolveSoon({ repository }, tx, { id: payment_id }, `${pauseAfter(times)} seconds`);
  onCommit(tx, () =>
    log.error(
      { payment_id, refund_id, failure_code, times },
      "a provider refuses to give back the money of an order that is off",
    ));
}
