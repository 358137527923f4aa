import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Order } from "../../proto/gen/nano/order/v1/order.ts";
import type { Payment, Refund } from "../../proto/gen/nano/payment/v1/payment.ts";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { conflict } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { as, guest, type OrderHouse, placeOrder, placing, refusal, someone, staff, startOrders } from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

function paying(order: Order, token = "tok_ok", method = "test", key = newId()) {
  return { order_id: order.id, idempotency_key: { key, fingerprint: "one" }, payment: { method, token } };
}

const pay = (actor: Actor, request: ReturnType<typeof paying>) => as(actor, () => house.rpc.payOrder(request));
const get = (actor: Actor, { id }: { id: string }) => as(actor, () => house.rpc.getOrder({ id }));

async function paid(method = "test", quantity = 1) {
  const actor = someone();
  const order = await placeOrder(house, actor, { quantity });
  const { payment } = await pay(actor, paying(order, "tok_ok", method));
  return { actor, order: await get(actor, order), payment: payment! };
}

/** Tells the order of a payment, as the payment service's jobs do. */
const record = (payment: Payment, refund?: Refund) =>
  as(SYSTEM, () => house.rpc.recordPayment({ payment, ...(refund ? { refund } : {}) }));

async function expireNow(order: { id: string }) {
  await house.database.owner.query(`update "order".orders set expire_time = now() where id = $1`, [order.id]);
  await house.runJob("expire_order", { order_id: order.id });
}

describe("PayOrder", () => {
  it("pays an order and takes its goods off the shelf before it answers", async () => {
    const { order, payment } = await paid();
    expect(payment).toMatchObject({ order_id: order.id, status: "captured", captured_amount: order.total });
    expect(order).toMatchObject({ status: "paid", payment_status: "paid", expire_time: undefined });
    expect(order.history.map(({ from, to }) => [from, to])).toEqual([["", "pending_payment"], [
      "pending_payment",
      "paid",
    ]]);
    expect(house.neighbours.held.get(order.id)).toBe("committed");
    const { rows } = await house.database.owner.query("select from order_jobs.jobs where key like '%' || $1", [
      order.id,
    ]);
    expect(rows).toHaveLength(0); // Neither its goods nor its deadline wait for anything any more.
  });

  it("counts an invoice as paid, with the payment still to come", async () => {
    expect((await paid("manual")).order).toMatchObject({ status: "paid", payment_status: "authorized" });
  });

  it("commits the stock by job where the product service is away", async () => {
    house.neighbours.fault("commitStock", "away");
    const { order } = await paid();
    house.neighbours.fault("commitStock", undefined);
    expect(order.status).toBe("paid");
    expect(await house.runJobs()).toContain("commit_stock");
    expect(house.neighbours.held.get(order.id)).toBe("committed");
  });

  it("leaves a declined order payable and its stock held, and shows the decline again under the key", async () => {
    const actor = await guest();
    const order = await placeOrder(house, actor);
    const request = paying(order, "tok_declined");
    const decline = { code: "payment_declined", failure_code: "card_declined" };
    expect(await refusal(pay(actor, request))).toEqual(decline);
    expect(await refusal(pay(actor, request))).toEqual({ ...decline, replayed: true });
    expect(await get(actor, order)).toMatchObject({ status: "pending_payment", payment_status: "failed" });
    expect(house.neighbours.held.get(order.id)).toBe("held");
    expect((await pay(actor, paying(order))).payment?.status).toBe("captured");
    expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "paid" });
  });

  it("gives twenty requests at once under one key one payment", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const request = paying(order);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => pay(actor, request)));
    const ids = results.flatMap((result) => result.status === "fulfilled" ? [result.value.payment?.id] : []);
    const codes = results.flatMap((result) => result.status === "rejected" ? [result.reason.code] : []);
    expect(new Set(ids).size).toBe(1);
    expect(codes.filter((code) => code !== "request_in_progress")).toEqual([]);
    expect(await pay(actor, request)).toMatchObject({ replayed: true, payment: { id: ids[0], status: "captured" } });
  });

  it("lets twenty keys at once pay an order once", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => pay(actor, paying(order))));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const codes = results.flatMap((result) => result.status === "rejected" ? [result.reason.code] : []);
    expect(codes.filter((code) => code !== "payment_in_progress" && code !== "already_paid")).toEqual([]);
  });

  it("refuses an order that is paid, cancelled, expired, or somebody else's", async () => {
    const { actor, order } = await paid();
    expect(await refusal(pay(actor, paying(order)))).toEqual({ code: "already_paid" });
    const cancelled = await placeOrder(house, actor);
    await as(actor, () => house.rpc.setOrderStatus({ id: cancelled.id, status: "cancelled" }));
    expect(await refusal(pay(actor, paying(cancelled)))).toMatchObject({ code: "invalid_transition" });
    const expired = await placeOrder(house, actor);
    await expireNow(expired);
    expect(await refusal(pay(actor, paying(expired)))).toMatchObject({ code: "invalid_transition" });
    const overdue = await placeOrder(house, actor);
    await house.database.owner.query(`update "order".orders set expire_time = now() where id = $1`, [overdue.id]);
    expect(await refusal(pay(actor, paying(overdue)))).toMatchObject({ code: "invalid_transition" });
    for (const other of [someone(), await guest(), staff()]) {
      expect(await refusal(pay(other, paying(order)))).toEqual({ code: "order_not_found" });
    }
  });

  it("keeps nothing of a request with an unknown method", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const key = newId();
    expect(await refusal(pay(actor, paying(order, "", "cash", key)))).toEqual({ code: "unknown_method" });
    expect(await get(actor, order)).toMatchObject({ status: "pending_payment", payment_status: "unpaid" });
    expect((await pay(actor, paying(order, "tok_ok", "test", key))).payment?.status).toBe("captured");
  });

  it("keeps nothing of a request that another payment was in the way of", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const request = paying(order);
    const { authorize } = house.neighbours.payment;
    house.neighbours.payment.authorize = () => {
      house.neighbours.payment.authorize = authorize;
      return Promise.reject(conflict("payment_in_progress", "A payment of this order is under way."));
    };
    expect(await refusal(pay(actor, request))).toEqual({ code: "payment_in_progress" });
    expect((await pay(actor, request)).payment?.status).toBe("captured");
  });

  it("pays at once with the order, and stores the order as it is then under the key", async () => {
    const actor = someone();
    const request = placing({ payment: { method: "test", token: "tok_ok" } });
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    const { order } = await as(actor, () => house.rpc.placeOrder(request));
    expect(order).toMatchObject({ status: "paid", payment_status: "paid" });
    expect(await as(actor, () => house.rpc.placeOrder(request))).toEqual({ order, replayed: true });
  });

  it("makes no order of an unknown payment method, and keeps nothing of it under the key", async () => {
    const actor = someone();
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    const request = placing({ payment: { method: "cash", token: "" } });
    expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({ code: "unknown_method" });
    const { rows } = await house.database.owner.query(`select from "order".orders where user_id = $1`, [actor.user_id]);
    expect(rows).toEqual([]);
    const mended = { ...request, payment: { method: "test", token: "tok_ok" } };
    expect((await as(actor, () => house.rpc.placeOrder(mended))).order?.status).toBe("paid");
  });

  it("places the order even if its payment is declined, or the payment service is away", async () => {
    const declined = await placeOrder(house, someone(), { payment: { method: "test", token: "tok_declined" } });
    expect(declined).toMatchObject({ status: "pending_payment", payment_status: "failed" });
    house.neighbours.fault("authorize", "away");
    const away = await placeOrder(house, someone(), { payment: { method: "test", token: "tok_ok" } });
    house.neighbours.fault("authorize", undefined);
    expect(away).toMatchObject({ status: "pending_payment", payment_status: "unpaid" });
  });
});

describe("a payment without an answer", () => {
  it("is unknown, blocks another, and is shown under its key as it is by then", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const request = paying(order, "tok_unknown");
    const { payment } = await pay(actor, request);
    expect(payment?.status).toBe("unknown");
    expect(await refusal(pay(actor, paying(order)))).toEqual({ code: "payment_in_progress" });
    expect(await pay(actor, request)).toMatchObject({ replayed: true, payment: { status: "unknown" } });

    const known = house.neighbours.payments.get(payment!.id)!;
    Object.assign(known, { status: "captured", captured_amount: known.amount });
    await house.runJob("resolve_payment", { order_id: order.id, payment_id: known.id });
    expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "paid" });
    expect(await pay(actor, request)).toMatchObject({ replayed: true, payment: { status: "captured" } });
  });

  it("is unknown too where the payment service took too long", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    house.neighbours.fault("authorize", "late");
    expect((await pay(actor, paying(order))).payment).toMatchObject({ status: "unknown", amount: order.total });
    house.neighbours.fault("authorize", undefined);
    expect(await get(actor, order)).toMatchObject({ status: "pending_payment" });
  });

  it("keeps the order from expiring; once it is declined the order expires after all", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const { payment } = await pay(actor, paying(order, "tok_unknown"));
    await expireNow(order);
    await house.runJobs();
    expect((await get(actor, order)).status).toBe("pending_payment");
    expect(house.neighbours.held.get(order.id)).toBe("held");
    await record({ ...payment!, status: "declined", failure_code: "card_declined" });
    expect(await house.runJobs()).toContain("expire_order");
    expect((await get(actor, order)).status).toBe("expired");
    expect(house.neighbours.held.get(order.id)).toBe("released");
  });

  it("keeps a cancelled order's stock held until it is known", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const { payment } = await pay(actor, paying(order, "tok_unknown"));
    await as(actor, () => house.rpc.setOrderStatus({ id: order.id, status: "cancelled" }));
    await house.runJobs();
    expect(house.neighbours.held.get(order.id)).toBe("held");
    await record({ ...payment!, status: "declined" });
    await house.runJobs();
    expect(house.neighbours.held.get(order.id)).toBe("released");
  });

  it("that succeeds after its order was cancelled goes back, and so does the stock", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const { payment } = await pay(actor, paying(order, "tok_unknown"));
    await as(actor, () => house.rpc.setOrderStatus({ id: order.id, status: "cancelled" }));
    await house.runJobs();
    const known = house.neighbours.payments.get(payment!.id)!;
    Object.assign(known, { status: "captured", captured_amount: known.amount });
    await record(structuredClone(known));
    expect(await house.runJobs()).toEqual(expect.arrayContaining(["cancel_payments", "release_stock"]));
    expect(house.neighbours.held.get(order.id)).toBe("released");
    expect(await get(actor, order)).toMatchObject({ status: "cancelled", payment_status: "refunded" });
  });

  for (const fault of ["never", "never after it was done", "away after it was done"] as const) {
    it(`survives a crash (${fault}): the job finds out, and the key is settled`, async () => {
      const actor = someone();
      const order = await placeOrder(house, actor);
      const request = paying(order);
      house.neighbours.fault("authorize", fault);
      const dead = pay(actor, request);
      dead.catch(() => {});
      while (house.neighbours.calls.at(-1) !== "authorize") await new Promise((resolve) => setTimeout(resolve, 5));
      house.neighbours.fault("authorize", undefined);
      await house.endLeases();
      await house.runJobs();
      const done = fault !== "never";
      expect(await get(actor, order)).toMatchObject({ status: done ? "paid" : "pending_payment" });
      const again = await pay(actor, request);
      expect(again).toMatchObject({ replayed: done, payment: { status: "captured" } });
      expect((await get(actor, order)).status).toBe("paid");
      expect([...house.neighbours.payments.values()].filter(({ order_id }) => order_id === order.id)).toHaveLength(1);
    });
  }

  for (const fault of ["away", "away after it was done"] as const) {
    it(`is asked for again, once, by the same key right after a 503 (${fault})`, async () => {
      const actor = someone();
      const order = await placeOrder(house, actor);
      const request = paying(order);
      house.neighbours.fault("authorize", fault);
      expect(await refusal(pay(actor, request))).toEqual({ code: "unavailable" });
      house.neighbours.fault("authorize", undefined);
      const { payment } = await pay(actor, request);
      expect(payment?.status).toBe("captured");
      await house.runJobs();
      expect(await get(actor, order)).toMatchObject({ status: "paid", payment_status: "paid" });
      const made = [...house.neighbours.payments.values()].filter(({ order_id }) => order_id === order.id);
      expect(made.map(({ id }) => id)).toEqual([payment?.id]);
      expect(await pay(actor, request)).toEqual({ payment, replayed: true });
    });
  }

  it("is left alone by its job while a request works on it", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    house.neighbours.fault("authorize", "never");
    const before = house.neighbours.calls.length;
    pay(actor, paying(order)).catch(() => {});
    while (!house.neighbours.calls.slice(before).includes("authorize")) {
      await new Promise((done) => setTimeout(done, 5));
    }
    house.neighbours.fault("authorize", undefined);
    // It comes again, and the payment is as open as before.
    expect(await house.runJobs()).toContain("resolve_payment");
    expect(await refusal(pay(actor, paying(order)))).toEqual({ code: "payment_in_progress" });
    await house.endLeases();
    expect(await house.runJobs()).toContain("resolve_payment");
    expect((await pay(actor, paying(order))).payment?.status).toBe("captured");
  });

  it("that comes while its order is cancelled goes back by a job of its own, whatever becomes of the order's", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const { payment } = await pay(actor, paying(order, "tok_unknown"));
    // The payment service heard of the end before it heard of the payment, and the answer comes after the news.
    house.neighbours.fault("cancelPayments", "away");
    await as(actor, () => house.rpc.setOrderStatus({ id: order.id, status: "cancelled" }));
    house.neighbours.fault("cancelPayments", undefined);
    const known = house.neighbours.payments.get(payment!.id)!;
    Object.assign(known, { status: "captured", captured_amount: known.amount });
    await record(structuredClone(known));
    await house.deps.orders.removeJob(`cancel_payments:${order.id}`);
    expect(await house.runJobs()).toContain("cancel_payments");
    expect(await get(actor, order)).toMatchObject({ status: "cancelled", payment_status: "refunded" });
  });

  it("that comes late for an order that ended goes back, and the history says so", async () => {
    for (const end of ["cancelled", "expired"]) {
      const actor = someone();
      const order = await placeOrder(house, actor);
      const { payment } = await pay(actor, paying(order, "tok_declined")).catch(() => ({ payment: undefined }));
      expect(payment).toBeUndefined();
      if (end === "cancelled") await as(actor, () => house.rpc.setOrderStatus({ id: order.id, status: "cancelled" }));
      else await expireNow(order);
      const late = [...house.neighbours.payments.values()].find(({ order_id }) => order_id === order.id)!;
      Object.assign(late, { status: "captured", captured_amount: late.amount });
      await record(structuredClone(late));
      expect(await house.runJobs()).toContain("cancel_payments");
      const after = await get(actor, order);
      expect(after).toMatchObject({ status: end, payment_status: "refunded" });
      expect(after.history.some(({ from, to, reason }) => from === end && to === end && reason.includes("late"))).toBe(
        true,
      );
    }
  });
});
