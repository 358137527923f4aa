import type { IdempotencyKey } from "../../proto/gen/nano/common/v1/common.ts";
import type { PaymentServiceServer } from "../../proto/gen/nano/payment/v1/payment.ts";
import { type Actor, currentActor, may, mayAnywhere, owns, require, requireService } from "../shared/auth.ts";
import { forbidden, invalid, notFound, unauthenticated } from "../shared/errors.ts";
import type { Rpcs } from "../shared/grpc.ts";
import { principalOf } from "../shared/idempotency.ts";
import { isId } from "../shared/ids.ts";
import { decodeTimeCursor, pageLimit, toPage } from "../shared/pagination.ts";
import type { Permission } from "../shared/permissions.ts";
import { authorizePayment } from "./authorize_payment.ts";
import { cancelPayments } from "./cancel_payments.ts";
import { operateOnPayment, type OperationInput } from "./capture_payment.ts";
import type { Deps } from "./deps.ts";
import { paymentMessage, refundMessage } from "./messages.ts";
import { planCapture, planVoid } from "./operation.ts";
import { type Payment, STATUSES } from "./payment.ts";
import { createPersonHandlers } from "./person.ts";
import { receiveWebhook } from "./receive_webhook.ts";
import { refundPayment } from "./refund_payment.ts";

/** A guest's token lives so long. When just it ends the cart service knows; an order is paid when it is placed, or minutes later. */
const GUEST_MS = 90 * 24 * 3_600_000;

/** The payment service's RPCs: messages to plain values and back, and who may. */
export function createHandlers(deps: Deps): Rpcs<PaymentServiceServer> {
  const { repository, providers } = deps;

  /** The payment, for its owner and its store's staff; to others it is not there. */
  async function visiblePayment(id: string): Promise<Payment> {
    const actor = currentActor();
    if (actor.kind === "anonymous") throw unauthenticated();
    if (actor.api_key && !mayAnywhere(actor, "payment:read")) throw forbidden();
    const payment = isId(id) ? await repository.find(id) : undefined;
    if (!payment || !(isBuyer(actor, payment) || may(actor, "payment:read", payment.store_id))) {
      throw notFound("payment");
    }
    return payment;
  }

  return {
    listMethods: () => Promise.resolve({ data: providers.offered.map(({ method }) => method) }),

    async authorize({ payment_id, order_id, store_id, attempt, amount, method, token, lines, user_id, guest_hash }) {
      requireService(currentActor());
      if (![payment_id, order_id, store_id].every(isId) || !amount) {
        throw invalid("invalid_request", "The ids and the amount are required.");
      }
      const payment = await authorizePayment(deps, {
        id: payment_id,
        order_id,
        store_id,
        attempt,
        method,
        currency: amount.currency,
        amount: amount.amount,
        token,
        lines,
        user_id: user_id ?? null,
        guest_hash: guest_hash ?? null,
      });
      return paymentMessage(payment);
    },

    getPayment: async ({ id }) => paymentMessage(await visiblePayment(id)),

    async listPayments({ store_id, order_id, status, limit, cursor, count }) {
      require(currentActor(), "payment:read", store_id, "store");
      if (order_id !== undefined && !isId(order_id)) {
        throw invalid("invalid_field", "order_id must be a UUID.", "/order_id");
      }
      if (status !== undefined && !(STATUSES as string[]).includes(status)) {
        throw invalid("invalid_field", `status must be one of ${STATUSES.join(", ")}.`, "/status");
      }
      const filter = { store_id, order_id: order_id ?? null, status: status ?? null };
      const size = pageLimit(limit);
      const rows = await repository.list(filter, cursor === undefined ? undefined : decodeTimeCursor(cursor), size);
      const page = toPage(rows, size, (row) => [row.create_time.toISOString(), row.id]);
      return {
        data: page.data.map(paymentMessage),
        ...(page.next_cursor ? { next_cursor: page.next_cursor } : {}),
        ...(count ? { total: await repository.count(filter) } : {}),
      };
    },

    async cancelPayments({ order_id, reason }) {
      requireService(currentActor());
      if (!isId(order_id)) throw notFound("order");
      return { data: (await cancelPayments(deps, order_id, reason)).map(paymentMessage) };
    },

    async refundPayment({ payment_id, idempotency_key, amount, items, restock, reason }) {
      const actor = currentActor();
      const payment = await paymentFor(actor, "refund:write", payment_id);
      if (!idempotency_key?.key) throw invalid("idempotency_key_required", "A refund needs an Idempotency-Key.");
      return await refundPayment(deps, {
        payment,
        key: idempotency_key.key,
        fingerprint: idempotency_key.fingerprint,
        principal: principalOf(actor),
        // A bare amount, without a currency, is in the payment's.
        amount: amount && { ...amount, currency: amount.currency || payment.currency },
        items,
        reason,
        restock,
        unlimited: may(actor, "payment:write", payment.store_id),
        step_up_over: actor.step_up ? actor.step_up_refund_over : undefined,
      });
    },

    async listRefunds({ payment_id }) {
      const payment = await visiblePayment(payment_id);
      return { data: (await repository.listRefunds(payment.id)).map(refundMessage) };
    },

    capturePayment: ({ payment_id, idempotency_key, amount }) =>
      operate(payment_id, idempotency_key, (payment) => planCapture(payment, amount)),

    voidPayment: ({ payment_id, idempotency_key }) => operate(payment_id, idempotency_key, planVoid),

    async getSettings({ store_id }) {
      require(currentActor(), "payment:read", store_id, "store");
      return { store_id, capture: await repository.captureMode(store_id) };
    },

    async putSettings({ store_id, capture }) {
      require(currentActor(), "payment:write", store_id, "store");
      if (capture !== "automatic" && capture !== "manual") {
        throw invalid("invalid_field", "capture must be automatic or manual.", "/capture");
      }
      if (!isId(store_id)) throw notFound("store");
      await repository.transaction((tx) => repository.setCaptureMode(tx, store_id, capture));
      return { store_id, capture };
    },

    async getPaymentCounts({ store_id }) {
      require(currentActor(), "payment:read", store_id, "store");
      if (!isId(store_id)) throw notFound("store");
      return await repository.waitingCounts(store_id);
    },

    listAudit: (request) => repository.listAudit(request),
    ...createPersonHandlers(deps),

    async receiveWebhook({ provider, headers, body }) {
      await receiveWebhook(deps, provider, headers, body);
      return {};
    },
  };

  /** The payment, for those with a permission in its store: a stranger 401, another role 403, another store's staff 404. */
  async function paymentFor(actor: Actor, permission: Permission, id: string): Promise<Payment> {
    const payment = isId(id) ? await repository.find(id) : undefined;
    // Without a payment there is no store: only the role can be judged then.
    require(actor, permission, payment?.store_id ?? "", "payment");
    if (!payment) throw notFound("payment");
    return payment;
  }

  /** Captures or voids for staff, under their key. */
  async function operate(id: string, key: IdempotencyKey | undefined, plan: OperationInput["plan"]) {
    const actor = currentActor();
    const payment = await paymentFor(actor, "payment:write", id);
    if (!key?.key) throw invalid("idempotency_key_required", "This needs an Idempotency-Key.");
    return await operateOnPayment(deps, { payment, ...key, principal: principalOf(actor), plan });
  }
}

/** Whether a payment is the actor's own: a user's, or a guest's as long as the token lives. */
function isBuyer(actor: Actor, payment: Payment): boolean {
  return owns(actor, payment) && (payment.user_id !== null || payment.create_time.getTime() > Date.now() - GUEST_MS);
}
