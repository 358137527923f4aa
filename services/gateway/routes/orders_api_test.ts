import { expect } from "@std/expect";
import { before, describe, it } from "@std/testing/bdd";
import { call, type Caller, hire, openStore, type Person, signUp, unique } from "../testing.ts";
import {
  address,
  admin,
  available,
  eventually,
  fill,
  keyed,
  type Money,
  move,
  type Order,
  pay,
  place,
  type Problem,
  sell,
  store,
} from "./orders_testing.ts";

describe("a guest", () => {
  it("orders, pays and is refunded in full", async () => {
    const variant_id = await sell(5, 1999);
    const guest = await fill({}, variant_id, 2);
    const placed = await place(guest, { expected_total: { amount: 4398, currency: "USD" }, note: "Ring twice." });
    expect(placed.status).toBe(201);
    expect(placed.headers.get("Location")).toBe(`/orders/${placed.body.id}`);
    expect(placed.headers.get("Idempotent-Replayed")).toBeNull();
    expect(placed.body).toMatchObject({
      store_id: store.id,
      email: "ada@example.com",
      status: "pending_payment",
      payment_status: "unpaid",
      items: [{ variant_id, quantity: 2, unit_price: { amount: 1999 }, tax: { amount: 400 }, total: { amount: 4398 } }],
      subtotal: { amount: 3998, currency: "USD" },
      discount: { amount: 0 },
      shipping: { amount: 0 },
      tax: { amount: 400 },
      total: { amount: 4398 },
      shipping_address: address,
      note: "Ring twice.",
      history: [{ from: "", to: "pending_payment", actor: "guest" }],
      expire_time: expect.any(String),
    });
    expect(await available(variant_id)).toBe(3);

    const payment = await pay(guest, placed.body.id);
    expect([payment.status, payment.body.status, payment.body.amount]).toEqual([201, "captured", placed.body.total]);
    const paid = (await call<Order>(guest, "GET", `/orders/${placed.body.id}`)).body;
    expect(paid).toMatchObject({ status: "paid", payment_status: "paid" });
    expect(paid).not.toHaveProperty("expire_time");

    const refund = await call(keyed(admin), "POST", `/payments/${payment.body.id}/refunds`, {
      reason: "Broken",
      restock: true,
    });
    expect(refund.status).toBe(201);
    const look = async () => (await call<Order>(guest, "GET", `/orders/${placed.body.id}`)).body;
    const refunded = await eventually(look, ({ status }) => status === "refunded");
    expect(refunded).toMatchObject({ status: "refunded", payment_status: "refunded" });
    expect(await eventually(() => available(variant_id), (count) => count === 5)).toBe(5);
  });

  it("needs an e-mail address", async () => {
    const guest = await fill({}, await sell(1));
    const { status, body } = await place<Problem>(guest, { email: undefined });
    expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([400, "email_required", "/email"]);
  });

  it("starts a new cart after an order", async () => {
    const variant_id = await sell(5);
    const guest = await fill({}, variant_id);
    await place(guest);
    expect((await call<{ items: unknown[] }>(guest, "GET", "/cart")).body.items).toEqual([]);
    const again = await place<Problem>(guest);
    expect([again.status, again.body.code]).toEqual([409, "cart_ordered"]);
    await fill(guest, variant_id);
    expect((await place(guest)).status).toBe(201);
  });
});

describe("a customer", () => {
  it("is declined, keeps the stock held, and pays after all", async () => {
    const customer = await signUp();
    const variant_id = await sell(1);
    const buyer = await fill(customer, variant_id);
    const { body: order } = await place(buyer, { email: undefined });
    expect(order).toMatchObject({ user_id: customer.id, email: customer.email });
    const declined = await pay(buyer, order.id, "tok_declined", "declined");
    expect([declined.status, declined.body.code, declined.body.failure_code]).toEqual([
      402,
      "payment_declined",
      "card_declined",
    ]);
    const again = await pay(buyer, order.id, "tok_declined", "declined");
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([402, "true"]);
    expect((await call<Order>(buyer, "GET", `/orders/${order.id}`)).body).toMatchObject({
      status: "pending_payment",
      payment_status: "failed",
    });
    expect(await available(variant_id)).toBe(0);
    expect((await pay(buyer, order.id)).status).toBe(201);
    const paid = await pay(buyer, order.id);
    expect([paid.status, paid.body.code]).toEqual([409, "already_paid"]);
  });

  it("pays with the order, and gets the order even if that is declined", async () => {
    const buyer = await fill(await signUp(), await sell(10));
    const paid = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    expect([paid.status, paid.body.status, paid.body.payment_status]).toEqual([201, "paid", "paid"]);
    const other = await fill(await signUp(), await sell(10));
    const declined = await place(other, { payment: { method: "test", token: "tok_declined" } });
    expect([declined.status, declined.body.status, declined.body.payment_status]).toEqual([
      201,
      "pending_payment",
      "failed",
    ]);
  });

  it("cancels before fulfilment: money and goods come back", async () => {
    const variant_id = await sell(3);
    const buyer = await fill(await signUp(), variant_id, 3);
    const { body: order } = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    expect(await available(variant_id)).toBe(0);
    const cancelled = await move(buyer, order.id, { status: "cancelled", reason: "Changed my mind" });
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({ status: "cancelled", payment_status: "refunded" });
    expect(cancelled.body.history.map(({ to }) => to)).toContain("cancelled");
    expect(await available(variant_id)).toBe(3);
    const again = await move(buyer, order.id, { status: "cancelled" });
    expect([again.status, again.body.code, again.body["allowed"]]).toEqual([409, "invalid_transition", []]);
  });

  it("sees nobody else's orders, and moves none", async () => {
    const buyer = await fill(await signUp(), await sell(1));
    const { body: order } = await place(buyer);
    const other = await signUp();
    for (const stranger of [other, { cart: "A".repeat(43) }]) {
      expect((await call(stranger, "GET", `/orders/${order.id}`)).status).toBe(404);
      expect((await call(stranger, "GET", `/orders/${order.id}/shipments`)).status).toBe(404);
      expect((await move(stranger, order.id, { status: "cancelled" })).status).toBe(404);
      expect((await pay(stranger, order.id)).status).toBe(404);
    }
    expect((await call({}, "GET", `/orders/${order.id}`)).status).toBe(401);
    expect((await call({}, "GET", "/orders")).status).toBe(401);
    expect((await call<{ data: unknown[] }>({ ...other, store: store.slug }, "GET", "/orders")).body.data).toEqual([]);
    expect((await move(buyer, order.id, { status: "processing" })).status).toBe(403);
    expect((await call(buyer, "GET", "/orders/no-uuid")).status).toBe(404);
  });
});

describe("a provider that does not answer", () => {
  it("leaves the payment unknown: 202, to be polled, and shown under its key as it is then", async () => {
    const variant_id = await sell(1);
    const buyer = await fill(await signUp(), variant_id);
    const { body: order } = await place(buyer);
    const first = await pay(buyer, order.id, "tok_timeout_after_charge", "silent");
    expect([first.status, first.body.status]).toEqual([202, "unknown"]);
    const look = async () => (await call<Order>(buyer, "GET", `/orders/${order.id}`)).body;
    expect((await eventually(look, ({ status }) => status === "paid")).payment_status).toBe("paid");
    const again = await pay(buyer, order.id, "tok_timeout_after_charge", "silent");
    expect([again.status, again.body.status, again.headers.get("Idempotent-Replayed")]).toEqual([
      201,
      "captured",
      "true",
    ]);
    expect(again.body.id).toBe(first.body.id);
  });
});

describe("the store's figures", () => {
  it("count what is paid, and take off what is refunded", async () => {
    const shop = await openStore(admin);
    const buyer = await fill({ ...await signUp(), store: shop.slug }, await sell(9, 1500, shop), 2);
    const { body: order } = await place(buyer, { payment: { method: "test", token: "tok_ok" } });
    interface Stats {
      orders: number;
      revenue: Money;
      best_sellers: { quantity: number }[];
    }
    const look = async () => (await call<Stats>(admin, "GET", `/stores/${shop.id}/stats`)).body;
    const paid = await eventually(look, ({ orders, revenue }) => orders === 1 && revenue.amount > 0);
    expect(paid).toMatchObject({ orders: 1, revenue: { amount: 3000 }, best_sellers: [{ quantity: 2 }] });
    await move(buyer, order.id, { status: "cancelled" });
    const after = await eventually(look, ({ revenue }) => revenue.amount === 0);
    expect(after.revenue).toEqual({ amount: 0, currency: "USD" });
  });
});

describe("the store's staff", () => {
  let manager: Person;
  let support: Person;
  before(async () => {
    [manager, support] = [await hire(admin, store.id, "manager"), await hire(admin, store.id, "support")];
  });

  it("take an order to its end, in parcels", async () => {
    const buyer = await fill(await signUp(), await sell(3), 3);
    const { body: order } = await place(buyer, { payment: { method: "manual" } });
    expect(order).toMatchObject({ status: "paid", payment_status: "authorized" });
    const path = `/orders/${order.id}/shipments`;
    const parcel = { carrier: "DHL", tracking_number: "4242424242424242", tracking_url: "https://track.example/1" };
    const [line] = order.items;
    const first = await call<{ id: string; items: unknown[] }>(manager, "POST", path, {
      ...parcel,
      items: [{ id: line!.id, quantity: 2 }],
    });
    expect([first.status, first.body.items]).toEqual([201, [{ id: line!.id, quantity: 2 }]]);
    const over = await call<Problem>(manager, "POST", path, { ...parcel, items: [{ id: line!.id, quantity: 2 }] });
    expect([over.status, over.body.code]).toEqual([409, "over_shipment"]);
    const early = await move(manager, order.id, { status: "delivered" });
    expect([early.status, early.body["allowed"]]).toEqual([409, ["shipped", "cancelled"]]);
    expect((await call(manager, "POST", path, parcel)).status).toBe(201);
    const { body: parcels } = await call<{ data: unknown[]; next_cursor: null }>(buyer, "GET", path);
    expect([parcels.data.length, parcels.next_cursor]).toEqual([2, null]);
    expect((await call<Order>(buyer, "GET", `/orders/${order.id}`)).body.status).toBe("shipped");
    for (const status of ["delivered", "completed"]) {
      expect((await move(manager, order.id, { status })).body.status).toBe(status);
    }
  });

  it("may only read as support", async () => {
    const buyer = await fill(await signUp(), await sell(1));
    const { body: order } = await place(buyer);
    expect((await call(support, "GET", `/orders/${order.id}`)).status).toBe(200);
    expect((await move(support, order.id, { status: "nonsense" })).status).toBe(403);
    expect((await call(support, "POST", `/orders/${order.id}/shipments`, {})).status).toBe(403);
  });

  it("find their store's orders, and no other's", async () => {
    const customer = await signUp();
    const { body: order } = await place(await fill(customer, await sell(1)), { email: `${unique()}@find.example` });
    const here = { ...manager, store: store.slug };
    const find = async (query: string, caller: Caller = here) => {
      const { status, body } = await call<{ data: Order[]; total?: number }>(caller, "GET", `/orders?${query}`);
      expect(status).toBe(200);
      return body.data.map(({ id }) => id);
    };
    expect(await find(`q=${order.email.slice(0, 18)}`)).toEqual([order.id]);
    expect(await find(`user_id=${customer.id}&status=pending_payment&from=${order.create_time}`)).toEqual([order.id]);
    expect(await find(`q=${order.number}`)).toContain(order.id);
    expect(await find(`user_id=${customer.id}&status=paid`)).toEqual([]);
    const other = await hire(admin, (await openStore(admin)).id, "manager");
    expect(await find("", { ...other, store: store.slug })).toEqual([]);
    expect((await call(other, "GET", `/orders/${order.id}`)).status).toBe(404);
    expect((await move(other, order.id, { status: "cancelled" })).status).toBe(404);
    const all = await call<{ data: Order[]; total: number; next_cursor: string }>(
      here,
      "GET",
      "/orders?limit=1&count=exact",
    );
    expect(all.body.total).toBeGreaterThan(1);
    const next = await call<{ data: Order[] }>(here, "GET", `/orders?limit=1&cursor=${all.body.next_cursor}`);
    expect(next.body.data[0]?.id).not.toBe(all.body.data[0]?.id);
  });
});
