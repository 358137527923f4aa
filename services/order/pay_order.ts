import type { IdempotencyKey } from "../../proto/gen/nano/common/v1/common.ts";
import type { PaymentInput, PayOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import type { Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Actor } from "../shared/auth.ts";
import { toNanoError } from "../shared/errors.ts";
import { failpoint } from "../shared/failpoints.ts";
import { orYield, type Outcome, principalOf, requestInProgress } from "../shared/idempotency.ts";
import { newId } from "../shared/ids.ts";
import { money } from "../shared/money.ts";
import { bought } from "./access.ts";
import { whyNotPayable } from "./attempt.ts";
import type { Deps } from "./deps.ts";
import { declined, paidOutcome, replayPaid, unknownPayment } from "./messages.ts";
import { type Attempt, isOpen, isUnanswered, type Order } from "./order.ts";
import { closeAttempt, recordPayment } from "./record_payment.ts";

/** What a buyer asks for. */
export interface PayOrder {
  order_id: string;
  actor: Actor;
  key: IdempotencyKey;
  payment: PaymentInput;
}

/** An order and the intent to pay it, one of its payments, which is written before anybody is asked for money. */
interface Intent {
  order: Order;
  attempt: Attempt;
}

/**
 * Pays an order: key and intent are written by one statement, then the provider is asked, then the order follows
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
    await follow(deps, intent, payment);
    return payment;
  });
  await failpoint("order.after_follow");
  if (payment.status === "declined") throw declined(payment);
  return { payment, replayed: false };
}

/** Pays an order that was just placed, as part of the request that placed it: under that request's key. */
export async function payAtOnce(deps: Deps, order: Order, input: PaymentInput): Promise<void> {
  for (let now: Order | undefined = order; now; now = await deps.orders.find(order.id)) {
    const refusal = whyNotPayable(now);
    if (refusal) throw refusal;
    const intent = intentOf(now, input);
    if (!await deps.orders.intend(now, intent.attempt)) continue;
    return await follow(deps, intent, await authorize(deps, intent, input));
  }
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
  return !payment || !isUnanswered(payment.status);
}

type Begun = { intent: Intent } | { outcome: Outcome };

/** Writes the intent, with the key, if the order can be paid; or gives the outcome that is there already. */
async function begin(deps: Deps, { order_id, actor, key, payment }: PayOrder): Promise<Begun> {
  for (;;) {
    const order = bought(actor, await deps.orders.find(order_id));
    const intent = intentOf(order, payment);
    const resource_id = intent.attempt.payment_id;
    const keyed = { store_id: order.store_id, principal: principalOf(actor), ...key, resource_id };
    const refusal = whyNotPayable(order);
    if (!refusal && await deps.orders.intend(order, intent.attempt, keyed)) return { intent };
    // Soon it may be payable again, so that one is no final answer: it is not kept.
    const final = refusal && refusal.code !== "payment_in_progress";
    if (final && await deps.orders.keepRefusal(keyed, refusal)) return { outcome: { error: refusal } };

    const known = await deps.orders.findKey(keyed);
    if (known?.state === "done") return known;
    if (!known && refusal && !final) throw refusal;
    // The order, or the key, is no longer as it was when it was looked at.
    if (!known) continue;
    const attempt = order.payments.find((found) => found.payment_id === known.resource_id);
    if (attempt && isOpen(attempt) && order.status === "pending_payment") {
      // Asked for once more by the same name, so it is paid once wherever the request before this one stopped.
      await deps.orders.resolveLater(order.id, attempt.payment_id);
      return { intent: { order, attempt } };
    }
    if (!await resolvePayment(deps, order_id, known.resource_id)) throw requestInProgress();
  }
}

/** The next try to pay an order. */
function intentOf(order: Order, { method }: PaymentInput): Intent {
  const attempt: Attempt = {
    attempt: order.payments.length + 1,
    payment_id: newId(),
    method,
    state: "pending",
    amount: order.total,
    captured_amount: 0,
    refunded_amount: 0,
    failure_code: null,
    create_time: new Date(),
  };
  return { order: { ...order, payments: [...order.payments, attempt] }, attempt };
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
async function follow(deps: Deps, { order }: Intent, payment: Payment): Promise<void> {
  await recordPayment(deps, payment, { order });
  if (isUnanswered(payment.status)) await deps.orders.finishKey(undefined, payment.id, paidOutcome(payment));
}

/** The answer of an earlier request; a payment that had no outcome then is shown as it is now. */
async function replay(deps: Deps, { outcome }: { outcome: Outcome }): Promise<PayOrderResponse> {
  const answer = replayPaid(outcome);
  if (!answer.payment || !isUnanswered(answer.payment.status)) return answer;
  const payment = await deps.neighbours.payment.getPayment(answer.payment.id) ?? answer.payment;
  if (payment.status === "declined") throw declined(payment, true);
  return { payment, replayed: true };
}
