import type { IdempotencyKey } from "../../proto/gen/nano/common/v1/common.ts";
import type { PaymentInput, PayOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import type { Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Actor } from "../shared/auth.ts";
import { toNanoError } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { orYield, type Outcome, principalOf, requestInProgress } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import { money } from "../shared/money.ts";
import type { Tx } from "../shared/postgres.ts";
import { bought } from "./access.ts";
import { whyNotPayable } from "./attempt.ts";
import type { Deps } from "./deps.ts";
import { declined, paidOutcome, replayPaid, unknownPayment } from "./messages.ts";
import { type Attempt, isOpen, type Order } from "./order.ts";
import { closeAttempt, recordPayment } from "./record_payment.ts";

/** What a buyer asks for. */
export interface PayOrder {
  order_id: string;
  actor: Actor;
  key: IdempotencyKey;
  payment: PaymentInput;
}

/** An order and the intent to pay it, which is written before anybody is asked for money. */
interface Intent {
  order: Order;
  attempt: Attempt;
}

/**
 * Pays an order: key and intent are written in one transaction, then the provider is asked, then the order follows
 * the outcome. A crash in between leaves the intent, by which `resolvePayment` asks what became of it.
 */
export async function payOrder(deps: Deps, request: PayOrder): Promise<PayOrderResponse> {
  const begun = await begin(deps, request);
  if (!("intent" in begun)) return await replay(deps, begun);
  await failpoint("order.after_intend");

  const { intent } = begun;
  const payment = await orYield(() => deps.orders.yieldKey(intent.attempt.payment_id), async () => {
    const payment = await authorize(deps, intent, request.payment);
    await failpoint("order.after_authorize");
    await follow(deps, payment);
    return payment;
  });
  await failpoint("order.after_follow");
  if (payment.status === "declined") throw declined(payment);
  return { payment, replayed: false };
}

/** Pays an order that was just placed, as part of the request that placed it: under that request's key. */
export async function payAtOnce(deps: Deps, order_id: string, input: PaymentInput): Promise<void> {
  const intent = await deps.orders.transaction(async (tx) => {
    const order = await deps.orders.lock(tx, order_id);
    if (!order) throw new Error(`Cannot pay order ${order_id} as it must be there.`);
    const refusal = whyNotPayable(order);
    if (refusal) throw refusal;
    return await intend(deps, tx, order, input);
  });
  await follow(deps, await authorize(deps, intent, input));
}

/** Finds out what became of a payment whose request has no answer, and has the order follow it. Tells whether it did. */
export async function resolvePayment(deps: Deps, order_id: string, payment_id: string): Promise<boolean> {
  const order = await deps.orders.find(order_id);
  const attempt = order?.payments.find((found) => found.payment_id === payment_id);
  if (!order || !attempt || !isOpen(attempt)) return true;
  const payment = await deps.neighbours.payment.getPayment(payment_id);
  // The request died before it asked for money, and no request can be under way any more: there is no such payment.
  if (!payment) await closeAttempt(deps, order_id, payment_id, "abandoned");
  else await recordPayment(deps, payment);
  return !payment || !isOpen({ state: payment.status });
}

type Begun = { intent: Intent } | { outcome: Outcome };

/** Claims the key, checks that the order can be paid, and writes the intent; or gives the outcome that is there already. */
async function begin(deps: Deps, request: PayOrder): Promise<Begun> {
  for (;;) {
    const begun = await deps.orders.transaction(async (tx): Promise<Begun | { abandoned: string }> => {
      const order = bought(request.actor, await deps.orders.lock(tx, request.order_id));
      const payment_id = newId();
      const claim = await deps.orders.claimKey(tx, {
        store_id: order.store_id,
        principal: principalOf(request.actor),
        ...request.key,
        resource_id: payment_id,
      });
      if (claim.state === "done") return { outcome: claim.outcome };
      if (claim.state === "abandoned") {
        const attempt = order.payments.find((found) => found.payment_id === claim.resource_id);
        if (!attempt || !isOpen(attempt) || order.status !== "pending_payment") return { abandoned: claim.resource_id };
        // Asked for once more by the same name, so it is paid once wherever the request before this one stopped.
        await deps.orders.resolveLater(tx, order.id, attempt.payment_id);
        return { intent: { order, attempt } };
      }

      const refusal = whyNotPayable(order);
      // Soon it may be payable again, so this is no final answer: the claim goes with the transaction.
      if (refusal?.code === "payment_in_progress") throw refusal;
      if (!refusal) return { intent: await intend(deps, tx, order, request.payment, payment_id) };
      await deps.orders.finishKey(tx, payment_id, { error: refusal });
      return { outcome: { error: refusal } };
    });
    if (!("abandoned" in begun)) return begun;
    if (!await resolvePayment(deps, request.order_id, begun.abandoned)) throw requestInProgress();
  }
}

async function intend(
  deps: Deps,
  tx: Tx,
  order: Order,
  { method }: PaymentInput,
  payment_id = newId(),
): Promise<Intent> {
  const attempt: Attempt = {
    attempt: order.payments.length + 1,
    payment_id,
    method,
    state: "pending",
    amount: order.total,
    captured_amount: 0,
    refunded_amount: 0,
    failure_code: null,
    create_time: new Date(),
  };
  await deps.orders.insertAttempt(tx, order.id, attempt);
  return { order, attempt };
}

/**
 * Asks for the money, in the name of order and attempt, so that a retry is no second payment. Without an answer in
 * time the payment is `unknown`; one that the payment service refuses outright is no payment. Its undo is
 * cancelPayments, which follows by job where the order ended meanwhile.
 */
async function authorize(deps: Deps, { order, attempt }: Intent, { method, token }: PaymentInput): Promise<Payment> {
  try {
    return await deps.neighbours.payment.authorize({
      order_id: order.id,
      store_id: order.store_id,
      attempt: attempt.attempt,
      payment_id: attempt.payment_id,
      amount: money(order.total, order.currency),
      method,
      token,
      lines: order.items.map(({ id, variant_id, quantity, total }) => ({ id, variant_id, quantity, total })),
      ...(order.user_id ? { user_id: order.user_id } : { guest_hash: order.guest_hash }),
    });
  } catch (error) {
    const { kind } = toNanoError(error);
    if (kind === "timeout") return unknownPayment(order, attempt);
    if (kind === "unavailable" || kind === "internal") throw error;
    await closeAttempt(deps, order.id, attempt.payment_id, "refused", toNanoError(error));
    throw error;
  }
}

/** Has the order follow a payment. One without an answer is the request's answer all the same, and is looked up later. */
async function follow(deps: Deps, payment: Payment): Promise<void> {
  await recordPayment(deps, payment);
  if (isOpen({ state: payment.status })) await deps.orders.finishKey(undefined, payment.id, paidOutcome(payment));
}

/** The answer of an earlier request; a payment that had no outcome then is shown as it is now. */
async function replay(deps: Deps, { outcome }: { outcome: Outcome }): Promise<PayOrderResponse> {
  const answer = replayPaid(outcome);
  if (!answer.payment || !isOpen({ state: answer.payment.status })) return answer;
  const payment = await deps.neighbours.payment.getPayment(answer.payment.id) ?? answer.payment;
  if (payment.status === "declined") throw declined(payment, true);
  return { payment, replayed: true };
}
