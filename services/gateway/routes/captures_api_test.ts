import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { createHmac } from "node:crypto";
import { testShop } from "../../shared/testing.ts";

const { gateway, operator } = testShop();
/** What the test provider signs its webhooks with, in development: services/payment/providers/test.ts. */
const WEBHOOK_SECRET = "whsec_nano_test";
const address = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

// deno-lint-ignore no-explicit-any -- the answer's shape is what the tests are about
type Answer = { status: number; headers: Headers; body: any };
type Sent = Record<string, string>;

async function send(method: string, path: string, headers: Sent = {}, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

const key = () => ({ "Idempotency-Key": crypto.randomUUID() });
let admin: Sent;
let store: Sent;
let variant_id: string;

/** A store that captures later, with one product at 10.01. */
before(async () => {
  const { body } = await send("POST", "/auth/login", {}, operator);
  admin = { Authorization: `Bearer ${body.access_token}` };
  const slug = `cap-${crypto.randomUUID().slice(0, 8)}`;
  store = { "X-Store": slug };
  await send("POST", "/stores", admin, { slug, name: "Captures", currency: "USD", country: "US" });
  const product = { name: "Mug", slug: "mug", sku: "MUG", price: 1001, stock: 1000, status: "active" };
  variant_id = (await send("POST", "/products", { ...admin, ...store }, product)).body.variants[0].id;
  const settings = await send("PUT", "/payments/settings", { ...admin, ...store }, { capture: "manual" });
  expect([settings.status, settings.body]).toEqual([200, { capture: "manual" }]);
});

/** A guest's order of 2, and how it was paid. */
async function pay(token = "tok_ok", method = "test") {
  const cart = await send("POST", "/cart/items", store, { variant_id, quantity: 2 });
  const guest = { ...store, "X-Cart-Token": String(cart.body.token) };
  const order = await send("POST", "/orders", { ...guest, ...key() }, {
    shipping_address: address,
    email: "guest@nano.test",
  });
  expect(order.status).toBe(201);
  const payment = await send("POST", "/payments", { ...guest, ...key() }, { order_id: order.body.id, method, token });
  return { guest, order_id: String(order.body.id), payment };
}

const operate = (id: string, what: "capture" | "void", body?: unknown, headers: Sent = key()) =>
  send("POST", `/payments/${id}/${what}`, { ...admin, ...headers }, body);

async function orderBecomes(order_id: string, guest: Sent, wanted: Record<string, unknown>): Promise<void> {
  let seen: unknown;
  for (let i = 0; i < 200; i++) {
    const { body } = await send("GET", `/orders/${order_id}`, guest);
    seen = Object.fromEntries(Object.keys(wanted).map((name) => [name, body[name]]));
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(seen).toEqual(wanted);
}

describe("a store that captures later, over REST", () => {
  it("has an order paid once its payment is authorised, and captures a part of it", async () => {
    const { guest, order_id, payment } = await pay();
    expect([payment.status, payment.body.status]).toEqual([201, "authorized"]);
    await orderBecomes(order_id, guest, { status: "paid", payment_status: "authorized" });
    const same = key();
    const captured = await operate(payment.body.id, "capture", { amount: 1500 }, same);
    expect(captured.status).toBe(200);
    expect(captured.body).toMatchObject({ status: "captured", captured_amount: { amount: 1500, currency: "USD" } });
    const again = await operate(payment.body.id, "capture", { amount: 1500 }, same);
    expect([again.status, again.headers.get("Idempotent-Replayed"), again.body]).toEqual([200, "true", captured.body]);
    await orderBecomes(order_id, guest, { status: "paid", payment_status: "paid" });
  });

  it("voids", async () => {
    const { payment } = await pay();
    expect((await operate(payment.body.id, "void")).body.status).toBe("voided");
    const late = await operate(payment.body.id, "capture");
    expect([late.status, late.body.code, late.body.payment_status]).toEqual([409, "payment_not_capturable", "voided"]);
  });

  it("captures an invoice when its money arrives", async () => {
    const { guest, order_id, payment } = await pay("", "manual");
    expect(payment.body.status).toBe("authorized");
    expect((await operate(payment.body.id, "capture")).body).toMatchObject({
      status: "captured",
      captured_amount: { amount: 2002 },
    });
    await orderBecomes(order_id, guest, { payment_status: "paid" });
  });

  it("voids what a cancelled order holds", async () => {
    const { guest, order_id, payment } = await pay();
    const cancelled = await send("PUT", `/orders/${order_id}/status`, admin, {
      status: "cancelled",
      reason: "changed my mind",
    });
    expect(cancelled.status).toBe(200);
    await orderBecomes(order_id, guest, { status: "cancelled" });
    for (let i = 0; i < 100; i++) {
      const { body } = await send("GET", `/payments/${payment.body.id}`, admin);
      if (body.status === "voided") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the payment was not voided");
  });

  it("lets neither buyers nor strangers capture", async () => {
    const { guest, payment } = await pay();
    expect((await send("POST", `/payments/${payment.body.id}/capture`, { ...guest, ...key() })).status).toBe(401);
    expect((await send("POST", `/payments/${payment.body.id}/capture`, key())).status).toBe(401);
    expect((await send("POST", `/payments/${payment.body.id}/void`, admin)).body.code).toBe("idempotency_key_required");
  });
});

describe("the test provider's webhooks, over REST", () => {
  const deliver = (event: unknown, seconds = Math.floor(Date.now() / 1000), secret = WEBHOOK_SECRET) => {
    const body = JSON.stringify(event);
    const v1 = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
    return send("POST", "/payments/webhooks/test", { "Test-Signature": `t=${seconds},v1=${v1}` }, body);
  };

  it("are taken twice, refused when forged or stale, and change nothing that is not so", async () => {
    const { order_id, payment } = await pay();
    const event = { id: `evt_${crypto.randomUUID()}`, type: "charge.captured", charge_key: `${order_id}:authorize:1` };
    for (let i = 0; i < 2; i++) expect((await deliver(event)).status).toBe(200);
    const now = Math.floor(Date.now() / 1000);
    for (const refused of [await deliver(event, now - 400), await deliver(event, now, "whsec_forged")]) {
      expect([refused.status, refused.body.code]).toEqual([400, "invalid_webhook"]);
    }
    expect((await send("POST", "/payments/webhooks/nobody", {}, event)).status).toBe(404);
    expect((await send("GET", `/payments/${payment.body.id}`, admin)).body.status).toBe("authorized");
  });
});
