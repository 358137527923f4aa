import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { Payment, Refund, RefundPaymentRequest } from "../../../proto/gen/nano/payment/v1/payment.ts";
import type { Session } from "../../../proto/gen/nano/user/v1/user.ts";
import { currentActor } from "../../shared/auth.ts";
import { conflict, notFound, unauthenticated } from "../../shared/errors.ts";
import { newId } from "../../shared/ids.ts";
import { createLog } from "../../shared/log.ts";
import { createCache } from "../../shared/redis.ts";
import { createApp, type Deps } from "../app.ts";

const store_id = newId();
const money = (amount: number) => ({ amount, currency: "USD" });
const payment: Payment = {
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
const refund: Refund = {
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
const asked: RefundPaymentRequest[] = [];
let replayed = false;
let refusal: Error | undefined;

/** The gateway with the payment service and the sessions behind it played by the test: a bearer token is a role. */
const log = createLog("gateway", { LOG_LEVEL: "ERROR" });
const app = createApp({
  config: {
    ENVIRONMENT: "production",
    CORS_ORIGINS: [],
    TRUSTED_PROXIES: [],
    RATE_LIMIT_SCALE: 0,
  } as unknown as Deps["config"],
  log,
  cache: createCache({}, log),
  clients: {
    payment: {
      listMethods: () => Promise.resolve({ data: [{ id: "test", name: "Test card", kind: "card" }] }),
      getPayment: ({ id }: { id: string }) =>
        id === payment.id ? Promise.resolve(payment) : Promise.reject(notFound("payment")),
      listPayments: () => Promise.resolve({ data: [payment], next_cursor: "next", total: 7 }),
      listRefunds: () =>
        currentActor().kind === "anonymous" ? Promise.reject(unauthenticated()) : Promise.resolve({ data: [refund] }),
      refundPayment: (request: RefundPaymentRequest) => {
        asked.push(request);
        return refusal ? Promise.reject(refusal) : Promise.resolve({ refund, replayed });
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
  stores: { of: () => Promise.resolve({ id: store_id }), forget: () => {} } as unknown as Deps["stores"],
  ready: () => Promise.resolve(true),
});

async function get(path: string, role?: string) {
  const response = await app.request(path, { headers: role ? { Authorization: `Bearer ${role}` } : {} });
  return { response, status: response.status, body: await response.json() };
}

async function post(body: unknown, role?: string, more: { key?: string; id?: string } = {}) {
  const { key = "k1", id = payment.id } = more;
  const response = await app.request(`/payments/${id}/refunds`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(role ? { Authorization: `Bearer ${role}` } : {}),
      ...(key ? { "Idempotency-Key": key } : {}),
    },
    body: JSON.stringify(body),
  });
  return { response, status: response.status, body: await response.json() };
}

describe("/payments", () => {
  it("shows anyone the methods", async () => {
    expect(await get("/payments/methods")).toMatchObject({
      status: 200,
      body: { data: [{ id: "test", name: "Test card", kind: "card" }] },
    });
  });

  it("shows a payment as the contract has it, without its store, and not to be kept", async () => {
    const { response, body } = await get(`/payments/${payment.id}`, "customer");
    const { store_id: _, ...shown } = payment;
    expect(body).toEqual({ ...shown, create_time: "2026-11-22T09:30:00.000Z" });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it("lists a page for staff, and refuses a stranger and a customer", async () => {
    expect((await get("/payments?count=exact&status=captured", "support")).body).toMatchObject({
      data: [{ id: payment.id }],
      next_cursor: "next",
      total: 7,
    });
    expect([(await get("/payments")).status, (await get("/payments", "customer")).status]).toEqual([401, 403]);
  });

  for (const query of ["limit=0", "order_id=1", "status=paid"]) {
    it(`refuses ?${query}`, async () => expect((await get(`/payments?${query}`, "support")).status).toBe(400));
  }

  it("lists refunds", async () => {
    expect((await get(`/payments/${payment.id}/refunds`, "customer")).body.data).toMatchObject([{
      id: refund.id,
      amount: money(500),
    }]);
    expect((await get(`/payments/${payment.id}/refunds`)).status).toBe(401);
  });
});

describe("POST /payments/{id}/refunds", () => {
  it("makes a refund under the client's key", async () => {
    const items = [{ id: newId(), quantity: 2 }];
    const { response, status, body } = await post({ items, restock: true, reason: "broken" }, "support", {
      key: "my key",
    });
    expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([201, null]);
    expect(body).toEqual({ ...refund, create_time: "2026-11-22T09:31:00.000Z" });
    expect(asked.at(-1)).toMatchObject({
      payment_id: payment.id,
      items,
      restock: true,
      reason: "broken",
      idempotency_key: { key: "my key" },
    });
    expect(asked.at(-1)?.amount).toBe(undefined);
  });

  it("takes money, or a bare amount in the payment's currency", async () => {
    await post({ amount: money(5), reason: "x" }, "manager");
    expect(asked.at(-1)?.amount).toEqual(money(5));
    await post({ amount: 5, reason: "x" }, "manager");
    expect(asked.at(-1)?.amount).toEqual({ amount: 5, currency: "" });
  });

  it("says when the answer is the stored one", async () => {
    replayed = true;
    const { response, status } = await post({ reason: "x" }, "support");
    replayed = false;
    expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
  });

  it("passes on what is refundable", async () => {
    refusal = conflict("over_refund", "Too much.", { refundable: money(1) });
    const { status, body } = await post({ reason: "x" }, "support");
    refusal = undefined;
    expect([status, body.code, body.refundable]).toEqual([409, "over_refund", money(1)]);
  });

  const refusals: [name: string, given: Parameters<typeof post>, status: number, code: string, pointer?: string][] = [
    ["a stranger, whatever the body", [{ nonsense: 1 }], 401, "unauthenticated"],
    ["a customer, whatever the body", [{ nonsense: 1 }, "customer"], 403, "forbidden"],
    ["an unknown payment, whatever the body", [{ nonsense: 1 }, "support", { id: newId() }], 404, "payment_not_found"],
    [
      "a request without a key",
      [{ reason: "x" }, "support", { key: "" }],
      400,
      "idempotency_key_required",
      "/Idempotency-Key",
    ],
    [
      "a key of 256 characters",
      [{ reason: "x" }, "support", { key: "k".repeat(256) }],
      400,
      "idempotency_key_invalid",
      "/Idempotency-Key",
    ],
    ["an unknown field", [{ reason: "x", status: "succeeded" }, "support"], 400, "unknown_field", "/status"],
    ["no reason", [{}, "support"], 400, "invalid_field", "/reason"],
    [
      "half a unit",
      [{ reason: "x", items: [{ id: newId(), quantity: 0.5 }] }, "support"],
      400,
      "invalid_field",
      "/items/0/quantity",
    ],
    [
      "a line that is no id",
      [{ reason: "x", items: [{ id: "1", quantity: 1 }] }, "support"],
      400,
      "invalid_field",
      "/items/0/id",
    ],
    [
      "half a cent",
      [{ reason: "x", amount: { amount: 0.5, currency: "USD" } }, "support"],
      400,
      "invalid_field",
      "/amount/amount",
    ],
    ["a card number", [{ reason: "4242 4242 4242 4242" }, "support"], 422, "card_number_refused", "/reason"],
  ];
  for (const [name, given, status, code, pointer] of refusals) {
    it(`refuses ${name} with ${status} ${code}`, async () => {
      const before = asked.length;
      const { response, body } = await post(...given);
      expect([response.status, body.code, body.errors?.[0]?.pointer]).toEqual([status, code, pointer]);
      expect(asked.length).toBe(before);
    });
  }
});
