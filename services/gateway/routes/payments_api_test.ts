import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { testShop } from "../../shared/testing.ts";

const { gateway, operator } = testShop();
const address = {
  name: "Ada Lovelace",
  line1: "12 St James's Square",
  city: "London",
  postal_code: "SW1Y 4JH",
  country: "GB",
};

interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- the answer's shape is what the tests are about
  body: any;
}

/** The headers that say who asks: signed in, a guest, or nobody. */
type Sent = Record<string, string>;

async function send(method: string, path: string, headers: Sent = {}, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

const key = () => ({ "Idempotency-Key": crypto.randomUUID() });

async function signIn(email: string, password: string): Promise<Sent> {
  const { body } = await send("POST", "/auth/login", {}, { email, password });
  return { Authorization: `Bearer ${body.access_token}` };
}

async function newCustomer() {
  const email = `pay-${crypto.randomUUID()}@nano.test`;
  const password = crypto.randomUUID();
  const { body } = await send("POST", "/auth/register", {}, { email, password });
  return { id: String(body.user.id), email, password, headers: { Authorization: `Bearer ${body.access_token}` } };
}

let admin: Sent;
let store: { id: string; slug: string };
let variant_id: string;

/** A store of one's own with one product at 10.01. */
before(async () => {
  admin = await signIn(operator.email, operator.password);
  const slug = `pay-${crypto.randomUUID().slice(0, 8)}`;
  store = (await send("POST", "/stores", admin, { slug, name: "Payments", currency: "USD", country: "US" })).body;
  const product = { name: "Mug", slug: "mug", sku: "MUG", price: 1001, stock: 100_000, status: "active" };
  const made = await send("POST", "/products", { ...admin, "X-Store": slug }, product);
  expect(made.status).toBe(201);
  variant_id = made.body.variants[0].id;
});

async function order(buyer: Sent, quantity = 3, email?: string): Promise<Answer["body"]> {
  const headers = { ...buyer, "X-Store": store.slug };
  const cart = await send("POST", "/cart/items", headers, { variant_id, quantity });
  const token = buyer["X-Cart-Token"] ?? cart.body.token;
  const owner = email ? { ...headers, "X-Cart-Token": token } : headers;
  const made = await send("POST", "/orders", { ...owner, ...key() }, {
    shipping_address: address,
    ...(email ? { email } : {}),
  });
  expect(made.status).toBe(201);
  return { ...made.body, token };
}

const pay = (buyer: Sent, order_id: string, token = "tok_ok", method = "test") =>
  send("POST", "/payments", { ...buyer, ...key() }, { order_id, method, token });

async function paidOrder(quantity = 3) {
  const buyer = await newCustomer();
  const placed = await order(buyer.headers, quantity);
  const payment = await pay(buyer.headers, placed.id);
  expect(payment.status).toBe(201);
  return { buyer: buyer.headers, order: placed, payment: payment.body };
}

const refund = (payment_id: string, body: unknown, who: Sent = admin, more: Sent = key()) =>
  send("POST", `/payments/${payment_id}/refunds`, { ...who, ...more }, body);

async function eventually(look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not happen within 10 s");
}

describe("payments over REST", () => {
  it("offer anyone the store's methods", async () => {
    const { status, body } = await send("GET", "/payments/methods", { "X-Store": store.slug });
    expect([status, body.data.map((method: { id: string }) => method.id)]).toEqual([200, ["test", "manual"]]);
  });

  it("take the money of an order, and show it to its buyer", async () => {
    const { buyer, order, payment } = await paidOrder();
    expect(payment).toMatchObject({
      order_id: order.id,
      method: "test",
      status: "captured",
      amount: order.total,
      captured_amount: order.total,
    });
    expect(payment).not.toHaveProperty("store_id");
    expect((await send("GET", `/payments/${payment.id}`, buyer)).body).toEqual(payment);
  });

  it("refund by line down to the last cent, and the order follows", async () => {
    const { buyer, order, payment } = await paidOrder();
    const [line] = order.items;
    const first = await refund(payment.id, {
      items: [{ id: line.id, quantity: 1 }],
      restock: true,
      reason: "one broke",
    });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      payment_id: payment.id,
      order_id: order.id,
      status: "succeeded",
      restock: true,
      reason: "one broke",
    });
    expect((await send("GET", `/payments/${payment.id}`, buyer)).body.status).toBe("partially_refunded");
    const second = await refund(payment.id, { reason: "all the rest" });
    expect(first.body.amount.amount + second.body.amount.amount).toBe(order.total.amount);
    const { body } = await send("GET", `/payments/${payment.id}/refunds`, buyer);
    expect(body.data.map((made: { id: string }) => made.id)).toEqual([first.body.id, second.body.id]);
    await eventually(async () => (await send("GET", `/orders/${order.id}`, buyer)).body.payment_status === "refunded");
  });

  it("refund nothing beyond what was captured", async () => {
    const { payment } = await paidOrder(1);
    const { status, body } = await refund(payment.id, {
      amount: { amount: 1002, currency: "USD" },
      reason: "generous",
    });
    expect([status, body.code, body.refundable]).toEqual([409, "over_refund", { amount: 1001, currency: "USD" }]);
  });

  it("refund once under one key, and say so", async () => {
    const { payment } = await paidOrder(1);
    const same = key();
    const first = await refund(payment.id, { amount: 5, reason: "x" }, admin, same);
    const second = await refund(payment.id, { reason: "x", amount: 5 }, admin, same);
    expect([first.headers.get("Idempotent-Replayed"), second.headers.get("Idempotent-Replayed")]).toEqual([
      null,
      "true",
    ]);
    expect(second.body).toEqual(first.body);
    const other = await refund(payment.id, { amount: 6, reason: "x" }, admin, same);
    expect([other.status, other.body.code]).toEqual([422, "idempotency_key_reused"]);
  });

  it("are not there for strangers, other customers and other stores' staff", async () => {
    const { payment } = await paidOrder(1);
    const other = await newCustomer();
    const path = `/payments/${payment.id}`;
    expect((await send("GET", path)).status).toBe(401);
    expect((await send("GET", path, other.headers)).status).toBe(404);
    expect((await refund(payment.id, { reason: "mine" }, other.headers)).status).toBe(403);
    expect((await send("GET", "/payments", other.headers)).status).toBe(403);
    expect((await send("GET", "/payments/no-uuid", other.headers)).status).toBe(404);
  });

  it("let support refund up to its limit in its own store only", async () => {
    const helper = await newCustomer();
    const given = await send("PATCH", `/users/${helper.id}`, admin, {
      store_roles: [{ store_id: store.id, role: "support" }],
    });
    expect(given.status).toBe(200);
    // The role is in the next session: the change ended this one.
    const support = await signIn(helper.email, helper.password);
    const { payment } = await paidOrder(20);
    const within = await refund(payment.id, { amount: 100_00, reason: "x" }, support);
    expect(within.status).toBe(201);
    const beyond = await refund(payment.id, { amount: 100_01, reason: "x" }, support);
    expect([beyond.status, beyond.body.code]).toEqual([403, "refund_limit"]);
    const page = await send("GET", `/payments?order_id=${payment.order_id}&count=exact`, {
      ...support,
      "X-Store": store.slug,
    });
    expect([page.status, page.body.total, page.body.data[0].id, page.body.next_cursor]).toEqual([
      200,
      1,
      payment.id,
      null,
    ]);
  });

  it("let a guest pay and read by the cart's token", async () => {
    const placed = await order({}, 1, "guest@nano.test");
    const guest = { "X-Cart-Token": placed.token };
    const payment = await pay(guest, placed.id);
    expect(payment.status).toBe(201);
    expect((await send("GET", `/payments/${payment.body.id}`, guest)).body.status).toBe("captured");
    expect((await send("GET", `/payments/${payment.body.id}`)).status).toBe(401);
  });

  it("decline, and leave the order payable", async () => {
    const buyer = await newCustomer();
    const placed = await order(buyer.headers, 1);
    const declined = await pay(buyer.headers, placed.id, "tok_insufficient_funds");
    expect([declined.status, declined.body.code, declined.body.failure_code]).toEqual([
      402,
      "payment_declined",
      "insufficient_funds",
    ]);
    const fault = await pay(buyer.headers, placed.id, "tok_error");
    expect([fault.status, fault.body.failure_code]).toEqual([402, "provider_error"]);
    expect((await pay(buyer.headers, placed.id)).status).toBe(201);
    const again = await pay(buyer.headers, placed.id);
    expect([again.status, again.body.code]).toEqual([409, "already_paid"]);
  });
});
