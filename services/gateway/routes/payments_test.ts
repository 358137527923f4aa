import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
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
import { conflict, invalid, notFound, unauthenticated } from "../../shared/errors.ts";
import { newId } from "../../shared/ids.ts";
import { createLog } from "../../shared/log.ts";
import { createApp, type Deps } from "../app.ts";
import { createCatalogue } from "../catalogue.ts";
import { createRateLimits } from "../rate_limit.ts";

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
const operations: CapturePaymentRequest[] = [];
const webhooks: ReceiveWebhookRequest[] = [];
let replayed = false;
let pending = false;
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
        return refusal ? Promise.reject(refusal) : Promise.resolve({ refund, replayed });
      },
      capturePayment: (request: CapturePaymentRequest) => operate(request),
      voidPayment: (request: CapturePaymentRequest) => operate(request),
      getSettings: () => Promise.resolve({ store_id, capture: "automatic" }),
      putSettings: (settings: Settings) => Promise.resolve(settings),
      receiveWebhook: (request: ReceiveWebhookRequest) => {
        webhooks.push(request);
        return refusal ? Promise.reject(refusal) : Promise.resolve({});
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

async function get(path: string, role?: string) {
  const response = await app.request(path, { headers: role ? { Authorization: `Bearer ${role}` } : {} });
  return { response, status: response.status, body: await response.json() };
}

function operate(request: CapturePaymentRequest) {
  operations.push(request);
  return refusal ? Promise.reject(refusal) : Promise.resolve({ payment, replayed, pending });
}

async function post(body: unknown, role?: string, more: { key?: string; id?: string; what?: string } = {}) {
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

describe("POST /payments/{id}/capture and /void", () => {
  it("capture all without a body, or with an empty one: the same request", async () => {
    for (const body of [undefined, {}]) {
      const { status, body: shown } = await post(body, "manager", { what: "capture", key: "c" });
      expect([status, shown.id]).toEqual([200, payment.id]);
      expect(shown).not.toHaveProperty("store_id");
      expect(operations.at(-1)).toMatchObject({ payment_id: payment.id, idempotency_key: { key: "c" } });
      expect(operations.at(-1)?.amount).toBe(undefined);
    }
    expect(new Set(operations.slice(-2).map((made) => made.idempotency_key?.fingerprint)).size).toBe(1);
  });

  it("capture a part, as money or bare", async () => {
    await post({ amount: money(5) }, "manager", { what: "capture" });
    expect(operations.at(-1)?.amount).toEqual(money(5));
    await post({ amount: 5 }, "manager", { what: "capture" });
    expect(operations.at(-1)?.amount).toEqual({ amount: 5, currency: "" });
  });

  it("answer 202 while the provider has not, and say when the answer is the stored one", async () => {
    for (const what of ["capture", "void"]) {
      [pending, replayed] = [true, true];
      const { response, status } = await post(undefined, "manager", { what });
      [pending, replayed] = [false, false];
      expect([status, response.headers.get("Idempotent-Replayed")]).toEqual([202, "true"]);
    }
  });

  it("pass a refusal on", async () => {
    refusal = conflict("over_capture", "Too much.", { capturable: money(1) });
    const { status, body } = await post(undefined, "manager", { what: "capture" });
    refusal = undefined;
    expect([status, body.code, body.capturable]).toEqual([409, "over_capture", money(1)]);
  });

  for (const what of ["capture", "void"]) {
    const refusals: [name: string, given: Parameters<typeof post>, status: number, code: string][] = [
      ["a stranger", [{ nonsense: 1 }, undefined, { what }], 401, "unauthenticated"],
      ["a customer", [{ nonsense: 1 }, "customer", { what }], 403, "forbidden"],
      ["support staff", [{ nonsense: 1 }, "support", { what }], 403, "forbidden"],
      ["an unknown payment", [{ nonsense: 1 }, "manager", { what, id: newId() }], 404, "payment_not_found"],
      ["no key", [{}, "manager", { what, key: "" }], 400, "idempotency_key_required"],
      ["an unknown field", [{ status: "captured" }, "manager", { what }], 400, "unknown_field"],
      ["an array", [[], "manager", { what }], 400, "invalid_field"],
    ];
    for (const [name, given, status, code] of refusals) {
      it(`refuse ${name} to ${what} with ${status} ${code}`, async () => {
        const before = operations.length;
        const { response, body } = await post(...given);
        expect([response.status, body.code]).toEqual([status, code]);
        expect(operations.length).toBe(before);
      });
    }
  }
});

describe("/payments/settings", () => {
  const put = (body: unknown, role?: string) =>
    app.request("/payments/settings", {
      method: "PUT",
      headers: { "Content-Type": "application/json", ...(role ? { Authorization: `Bearer ${role}` } : {}) },
      body: JSON.stringify(body),
    });

  it("shows staff how the store takes payments", async () => {
    expect(await get("/payments/settings", "support")).toMatchObject({ status: 200, body: { capture: "automatic" } });
    expect([(await get("/payments/settings")).status, (await get("/payments/settings", "customer")).status]).toEqual([
      401,
      403,
    ]);
  });

  it("lets managers change it", async () => {
    const response = await put({ capture: "manual" }, "manager");
    expect([response.status, await response.json()]).toEqual([200, { capture: "manual" }]);
  });

  const refusals: [name: string, body: unknown, role: string | undefined, status: number][] = [
    ["a stranger", {}, undefined, 401],
    ["support staff", {}, "support", 403],
    ["nothing", {}, "manager", 400],
    ["another way", { capture: "later" }, "manager", 400],
    ["more", { capture: "manual", store_id: newId() }, "manager", 400],
  ];
  for (const [name, body, role, status] of refusals) {
    it(`refuses ${name} with ${status}`, async () => expect((await put(body, role)).status).toBe(status));
  }
});

describe("POST /payments/webhooks/{provider}", () => {
  const deliver = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, provider = "stripe") =>
    app.request(`/payments/webhooks/${provider}`, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
      body,
    });

  it("takes no notice of an Authorization header, whatever it holds", async () => {
    for (const Authorization of ["Basic eDp5", "Bearer", "Bearer no.such.token"]) {
      expect((await deliver("{}", { Authorization })).status).toBe(200);
    }
  });

  it("hands on the very bytes, and of the headers only signatures", async () => {
    const raw = '{ "id":"evt_1",\r\n "x":"\u00e9 \\u00e9", "x": 1.0 }\n';
    const response = await deliver(raw, {
      "Stripe-Signature": "t=1,v1=2",
      "Webhook-Id": "w",
      Cookie: "c",
    });
    expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    expect(webhooks.at(-1)?.provider).toBe("stripe");
    expect(new TextDecoder().decode(webhooks.at(-1)?.body)).toBe(raw);
    expect(webhooks.at(-1)?.headers).toEqual({ "stripe-signature": "t=1,v1=2", "webhook-id": "w" });
  });

  it("leaves it to the signature what is JSON or text at all", async () => {
    const bytes = new Uint8Array([0xff, 0x00, 0x7b]);
    expect((await deliver(bytes)).status).toBe(200);
    expect(webhooks.at(-1)?.body).toEqual(bytes);
    expect((await deliver("4242 4242 4242 4242")).status).toBe(200);
  });

  it("answers 400 for a forged one, with no detail", async () => {
    refusal = invalid("invalid_webhook", "The webhook is not valid.");
    const response = await deliver("{}");
    refusal = undefined;
    const { code, detail, errors } = await response.json();
    expect([response.status, code, detail, errors]).toEqual([
      400,
      "invalid_webhook",
      "The webhook is not valid.",
      undefined,
    ]);
  });

  it("takes 256 KiB and refuses more, whether the length is told or not", async () => {
    const before = webhooks.length;
    expect((await deliver("x".repeat(256 * 1024))).status).toBe(200);
    expect((await deliver("x".repeat(256 * 1024 + 1))).status).toBe(413);
    const endless = new ReadableStream({ pull: (control) => control.enqueue(new Uint8Array(64 * 1024)) });
    const chunked = await app.request("/payments/webhooks/stripe", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
      body: endless,
    });
    expect(chunked.status).toBe(413);
    expect(webhooks.length).toBe(before + 1);
  });

  it("is only for POST, and shows in the document without a sign-in", async () => {
    expect((await get("/payments/webhooks/stripe")).status).toBe(404);
    const { body } = await get("/openapi.json");
    const path = body.paths["/payments/webhooks/{provider}"];
    expect([path.get, path.put, typeof path.post]).toEqual([undefined, undefined, "object"]);
    for (const path of ["/payments/{id}/capture", "/payments/{id}/void", "/payments/settings"]) {
      expect(body.paths).toHaveProperty([path]);
    }
  });
});
