import type {
  CapturePaymentRequest,
  Payment,
  ReceiveWebhookRequest,
  Refund,
  RefundPaymentRequest,
  Settings,
} from "../../../proto/gen/nano/payment/v1/payment.ts";
import type { Session } from "../../../proto/gen/nano/user/v1/user.ts";
import { currentActor } from "../../shared/auth.ts";
import { notFound, unauthenticated } from "../../shared/errors.ts";
import { newId } from "../../shared/ids.ts";
import { createLog } from "../../shared/log.ts";
import { createApp, type Deps } from "../app.ts";
import { createCatalogue } from "../catalogue.ts";
import { createRateLimits } from "../rate_limit.ts";

const store_id = newId();
export const money = (amount: number) => ({ amount, currency: "USD" });
export const payment: Payment = {
  id: newId(),
  order_id: newId(),
  store_id,
  method: "test",
  status: "captured",
  amount: money(1501),
  captured_amount: money(1501),
  refunded_amount: money(0),
  create_time: new Date("2026-11-22T09:30:00Z"),
};
export const refund: Refund = {
  id: newId(),
  payment_id: payment.id,
  order_id: payment.order_id,
  status: "succeeded",
  amount: money(500),
  reason: "broken",
  items: [],
  restock: false,
  create_time: new Date("2026-11-22T09:31:00Z"),
};

/** What the payment service was asked for, and what it is about to answer. */
export const asked: RefundPaymentRequest[] = [];
export const operations: CapturePaymentRequest[] = [];
export const webhooks: ReceiveWebhookRequest[] = [];
/** What it answers with next. */
export const next: { replayed: boolean; pending: boolean; refusal: Error | undefined } = {
  replayed: false,
  pending: false,
  refusal: undefined,
};

/** The gateway with the payment service and the sessions behind it played by the test: a bearer token is a role. */
const log = createLog("gateway", { LOG_LEVEL: "ERROR" });
export const app = createApp({
  config: {
    ENVIRONMENT: "production",
    CORS_ORIGINS: [],
    TRUSTED_PROXIES: [],
    RATE_LIMIT_SCALE: 0,
  } as unknown as Deps["config"],
  log,
  catalogue: createCatalogue(),
  limits: createRateLimits({ cache: { redis: undefined }, config: { RATE_LIMIT_SCALE: 0 } }),
  clients: {
    // The others are not asked.
    ...Object.fromEntries(["user", "product", "cart", "order", "store"].map((name) => [name, {}])),
    payment: {
      listMethods: () => Promise.resolve({ data: [{ id: "test", name: "Test card", kind: "card" }] }),
      getPayment: ({ id }: { id: string }) =>
        id === payment.id ? Promise.resolve(payment) : Promise.reject(notFound("payment")),
      listPayments: () => Promise.resolve({ data: [payment], next_cursor: "next", total: 7 }),
      listRefunds: () =>
        currentActor().kind === "anonymous" ? Promise.reject(unauthenticated()) : Promise.resolve({ data: [refund] }),
      refundPayment: (request: RefundPaymentRequest) => {
        asked.push(request);
        return next.refusal ? Promise.reject(next.refusal) : Promise.resolve({ refund, replayed: next.replayed });
      },
      capturePayment: (request: CapturePaymentRequest) => operate(request),
      voidPayment: (request: CapturePaymentRequest) => operate(request),
      getSettings: () => Promise.resolve({ store_id, capture: "automatic" }),
      putSettings: (settings: Settings) => Promise.resolve(settings),
      receiveWebhook: (request: ReceiveWebhookRequest) => {
        webhooks.push(request);
        return next.refusal ? Promise.reject(next.refusal) : Promise.resolve({});
      },
    },
  } as unknown as Deps["clients"],
  sessions: {
    check: (role: string): Promise<Session> =>
      Promise.resolve({
        id: newId(),
        user_id: newId(),
        role: "customer",
        store_roles: role === "customer" ? [] : [{ store_id, role }],
        email: "a@b.example",
      } as unknown as Session),
  } as unknown as Deps["sessions"],
  keys: {} as unknown as Deps["keys"],
  stores: { of: () => Promise.resolve({ id: store_id }), forget: () => {} } as unknown as Deps["stores"],
  ready: () => Promise.resolve(true),
});

export async function get(path: string, role?: string) {
  const response = await app.request(path, { headers: role ? { Authorization: `Bearer ${role}` } : {} });
  return { response, status: response.status, body: await response.json() };
}

function operate(request: CapturePaymentRequest) {
  operations.push(request);
  return next.refusal
    ? Promise.reject(next.refusal)
    : Promise.resolve({ payment, replayed: next.replayed, pending: next.pending });
}

export async function post(body: unknown, role?: string, more: { key?: string; id?: string; what?: string } = {}) {
  const { key = "k1", id = payment.id, what = "refunds" } = more;
  const response = await app.request(`/payments/${id}/${what}`, {
    method: "POST",
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(role ? { Authorization: `Bearer ${role}` } : {}),
      ...(key ? { "Idempotency-Key": key } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { response, status: response.status, body: await response.json() };
}
