import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Payment, Refund } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { closeAttempt } from "./record_payment.ts";
import { as, type OrderHouse, placeOrder, refusal, someone, staff, startOrders } from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

const get = (actor: Actor, { id }: { id: string }) => as(actor, () => house.rpc.getOrder({ id }));

async function paid(method = "test", quantity = 1) {
  const actor = someone();
  const { id: order_id } = await placeOrder(house, actor, { quantity });
  const request = {
    order_id,
    idempotency_key: { key: newId(), fingerprint: "one" },
    payment: { method, token: "tok_ok" },
  };
  const { payment } = await as(actor, () => house.rpc.payOrder(request));
  return { actor, order: await get(actor, { id: order_id }), payment: payment! };
}

/** Tells the order of a payment, as the payment service's jobs do. */
const record = (payment: Payment, refund?: Refund) =>
  as(SYSTEM, () => house.rpc.recordPayment({ payment, ...(refund ? { refund } : {}) }));

describe("RecordPayment", () => {
  const refundOf = (payment: Payment, more: Partial<Refund> = {}): Refund => ({
    id: newId(),
    payment_id: payment.id,
    order_id: payment.order_id,
    status: "succeeded",
    amount: payment.amount,
    reason: "broken",
    items: [],
    restock: false,
    create_time: new Date(),
    ...more,
  });

  it("is for services only", async () => {
    const { payment } = await paid();
    expect(await refusal(as(staff(), () => house.rpc.recordPayment({ payment })))).toEqual({ code: "forbidden" });
  });

  it("follows refunds, whatever their order and number", async () => {
    const { actor, order, payment } = await paid();
    const part = { ...payment, status: "partially_refunded", refunded_amount: { amount: 100, currency: "USD" } };
    const whole = { ...payment, status: "refunded", refunded_amount: payment.amount };
    await record(part);
    await record(payment);
    expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "partially_refunded" });
    await record(whole);
    await record(part);
    await record(whole);
    const after = await get(actor, order);
    expect(after).toMatchObject({ status: "refunded", payment_status: "refunded" });
    expect(after.history.filter(({ to }) => to === "refunded")).toHaveLength(1);
  });

  it("puts refunded lines back on the shelf once", async () => {
    const { order, payment } = await paid("test", 3);
    const [item] = order.items;
    const refund = refundOf(payment, { restock: true, items: [{ id: item!.id, quantity: 2 }] });
    const part = { ...payment, status: "partially_refunded", refunded_amount: { amount: 2200, currency: "USD" } };
    await record(part, refund);
    await record(part, refund);
    await house.runJobs();
    expect(house.neighbours.returned.get(refund.id)).toEqual([{ variant_id: item!.variant_id, quantity: 2 }]);
    const rest = refundOf(payment, { restock: true });
    await record({ ...payment, status: "refunded", refunded_amount: payment.amount }, rest);
    await house.runJobs();
    expect(house.neighbours.returned.get(rest.id)).toEqual([{ variant_id: item!.variant_id, quantity: 1 }]);
  });

  it("puts nothing back for a part by amount, nor for a refund that failed", async () => {
    const { actor, order, payment } = await paid("test", 3);
    const part = { ...payment, status: "partially_refunded", refunded_amount: { amount: 100, currency: "USD" } };
    const some = refundOf(payment, { restock: true });
    const failed = refundOf(payment, {
      restock: true,
      status: "failed",
      items: [{ id: order.items[0]!.id, quantity: 1 }],
    });
    await record(part, some);
    await record(part, failed);
    await house.runJobs();
    for (const { id } of [some, failed]) expect(house.neighbours.returned.has(id)).toBe(false);
    expect((await get(actor, order)).payment_status).toBe("partially_refunded");
  });

  it("takes back nothing of a payment that was answered when somebody gave it up", async () => {
    const { actor, order, payment } = await paid();
    await closeAttempt(house.deps, order.id, payment.id, "abandoned");
    expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "paid" });
    expect((await house.deps.orders.find(order.id))?.payments).toMatchObject([{ state: "captured" }]);
  });

  const voided = (payment: Payment) => record({ ...payment, status: "voided" });

  it("cancels an order whose authorisation is voided, and returns what was not sent", async () => {
    const { actor, order, payment } = await paid("manual", 3);
    await voided(payment);
    await house.runJobs();
    const after = await get(actor, order);
    expect(after).toMatchObject({ status: "cancelled", payment_status: "unpaid" });
    expect(after.history.at(-1)).toMatchObject({ from: "paid", to: "cancelled", reason: "payment voided" });
    expect(house.neighbours.returned.get(order.id)).toMatchObject([{ quantity: 3 }]);

    const second = await paid("manual", 3);
    const parcel = { carrier: "DHL", tracking_number: "1", items: [{ id: second.order.items[0]!.id, quantity: 1 }] };
    await as(staff(), () => house.rpc.createShipment({ order_id: second.order.id, ...parcel }));
    await voided(second.payment);
    await voided(second.payment);
    await house.runJobs();
    expect((await get(second.actor, second.order)).status).toBe("cancelled");
    expect(house.neighbours.returned.get(second.order.id)).toMatchObject([{ quantity: 2 }]);
  });

  it("leaves an order that was sent as it is, unpaid, and notes the void", async () => {
    const { actor, order, payment } = await paid("manual");
    await as(
      staff(),
      () => house.rpc.createShipment({ order_id: order.id, carrier: "DHL", tracking_number: "1", items: [] }),
    );
    await voided(payment);
    await house.runJobs();
    const after = await get(actor, order);
    expect(after).toMatchObject({ status: "shipped", payment_status: "unpaid" });
    expect(after.history.at(-1)).toMatchObject({ from: "shipped", to: "shipped", reason: "payment voided" });
    expect(house.neighbours.returned.has(order.id)).toBe(false);
  });

  it("turns an authorised order's payment status to paid when the money arrives", async () => {
    const { actor, order, payment } = await paid("manual");
    await record({ ...payment, status: "captured", captured_amount: payment.amount });
    expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "paid" });
  });
});
