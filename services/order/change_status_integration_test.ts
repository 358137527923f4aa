import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import { as, guest, type OrderHouse, placeOrder, refusal, someone, staff, startOrders } from "./testing.ts";

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

async function expireNow(order: { id: string }) {
  await house.database.owner.query(`update "order".orders set expire_time = now() where id = $1`, [order.id]);
  await house.runJob("expire_order", { order_id: order.id });
}

describe("SetOrderStatus", () => {
  const move = (
    actor: Actor,
    { id }: { id: string },
    status: string,
    more: { restock?: boolean; reason?: string } = {},
  ) => as(actor, () => house.rpc.setOrderStatus({ id, status, ...more }));

  it("walks an order to its end, and names who and why", async () => {
    const { order } = await paid();
    const manager = staff();
    for (const status of ["processing", "shipped", "delivered", "completed"]) {
      expect((await move(manager, order, status, { reason: `because ${status}` })).status).toBe(status);
    }
    const { history, version } = await get(manager, order);
    expect(history.at(-1)).toMatchObject({ actor: `staff:${manager.user_id}`, reason: "because completed" });
    expect(history).toHaveLength(6);
    expect(version).toBe(order.version + 4);
  });

  it("refuses a move that the table does not allow, and names those that it does", async () => {
    const { order } = await paid();
    const manager = staff();
    expect(await refusal(move(manager, order, "delivered"))).toEqual({
      code: "invalid_transition",
      allowed: ["processing", "cancelled"],
    });
    for (const status of ["paid", "expired", "refunded", "pending_payment", "nonsense"]) {
      expect(await refusal(move(manager, order, status))).toMatchObject({ code: "invalid_transition" });
    }
  });

  it("lets the buyer do nothing but cancel, before the order is worked on", async () => {
    const { actor, order } = await paid();
    expect(await refusal(move(actor, order, "shipped"))).toEqual({ code: "forbidden" });
    expect(await refusal(move(actor, order, "cancelled", { restock: false }))).toEqual({ code: "forbidden" });
    await move(staff(), order, "processing");
    expect(await refusal(move(actor, order, "cancelled"))).toEqual({ code: "invalid_transition", allowed: [] });
  });

  it("is for the store's managers: support is refused, others see nothing", async () => {
    const { order } = await paid();
    expect(await refusal(move(staff("support"), order, "processing"))).toEqual({ code: "forbidden" });
    expect(await refusal(move(staff("manager", newId()), order, "processing"))).toEqual({ code: "order_not_found" });
    expect(await refusal(move(someone(), order, "cancelled"))).toEqual({ code: "order_not_found" });
  });

  it("cancels a paid order: money and goods go back before it answers", async () => {
    const { actor, order, payment } = await paid("test", 2);
    expect(await move(actor, order, "cancelled")).toMatchObject({ status: "cancelled", payment_status: "refunded" });
    expect(house.neighbours.payments.get(payment.id)?.status).toBe("refunded");
    expect(house.neighbours.returned.get(order.id)).toEqual([{ variant_id: order.items[0]!.variant_id, quantity: 2 }]);
  });

  it("asks staff to confirm to be there where as much goes back as asks it of a refund", async () => {
    const { actor, order } = await paid("test", 2);
    const unconfirmed = { ...staff(), step_up: true, step_up_refund_over: 21 };
    expect(order.total?.amount).toBe(2200);
    expect(await refusal(move(unconfirmed, order, "cancelled"))).toEqual({ code: "step_up_required" });
    expect((await get(actor, order)).status).toBe("paid");
    await move(unconfirmed, order, "processing");
    await move({ ...unconfirmed, step_up_refund_over: 22 }, order, "cancelled");
    expect((await get(actor, order)).status).toBe("cancelled");
    await move(unconfirmed, await placeOrder(house, someone(), { quantity: 9 }), "cancelled");
  });

  it("takes the goods off the shelf before it puts them back, should that still be due", async () => {
    house.neighbours.fault("commitStock", "away");
    const { actor, order } = await paid();
    house.neighbours.fault("commitStock", undefined);
    await move(actor, order, "cancelled");
    expect(house.neighbours.returned.has(order.id)).toBe(true);
    await house.runJobs();
    expect(house.neighbours.held.get(order.id)).toBe("committed");
  });

  it("keeps the goods out where it is told to", async () => {
    const { order } = await paid();
    await move(staff(), order, "cancelled", { restock: false });
    expect(house.neighbours.returned.has(order.id)).toBe(false);
    const unpaid = await placeOrder(house, someone());
    await move(staff(), unpaid, "cancelled", { restock: false });
    expect(house.neighbours.held.get(unpaid.id)).toBe("committed");
  });

  it("frees the goods of an unpaid order", async () => {
    const actor = await guest();
    const order = await placeOrder(house, actor);
    expect((await move(actor, order, "cancelled")).history.at(-1)).toMatchObject({ to: "cancelled", actor: "guest" });
    expect(house.neighbours.held.get(order.id)).toBe("released");
  });

  it("finishes by job what fails at once", async () => {
    const { actor, order } = await paid();
    house.neighbours.fault("cancelPayments", "away");
    house.neighbours.fault("returnStock", "away");
    expect(await move(actor, order, "cancelled")).toMatchObject({ status: "cancelled", payment_status: "paid" });
    house.neighbours.fault("cancelPayments", undefined);
    house.neighbours.fault("returnStock", undefined);
    await house.runJobs();
    expect(await get(actor, order)).toMatchObject({ payment_status: "refunded" });
    expect(house.neighbours.returned.has(order.id)).toBe(true);
  });
});

describe("expiry", () => {
  it("ends an unpaid order at its deadline, and not before", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    // Taken from the queue, as by a worker that is too early: it comes again at the deadline.
    await house.runJobs();
    expect((await get(actor, order)).status).toBe("pending_payment");
    const { rows } = await house.database.owner.query(
      `select j.run_at = o.expire_time as punctual from order_jobs._private_jobs j, "order".orders o
       where j.key = 'expire_order:' || o.id and o.id = $1`,
      [order.id],
    );
    expect(rows).toEqual([{ punctual: true }]);
    await expireNow(order);
    expect(await get(actor, order)).toMatchObject({
      status: "expired",
      history: [{}, { to: "expired", actor: "system" }],
    });
    expect(house.neighbours.held.get(order.id)).toBe("released");
  });

  it("leaves a paid order alone", async () => {
    const { actor, order } = await paid();
    await expireNow(order);
    expect((await get(actor, order)).status).toBe("paid");
  });
});

describe("CreateShipment", () => {
  const ship = (actor: Actor, { id }: { id: string }, items: { id: string; quantity: number }[] = []) =>
    as(actor, () => house.rpc.createShipment({ order_id: id, carrier: "DHL", tracking_number: "JD1", items }));

  it("ships in parts; with the last the order is shipped", async () => {
    const { order } = await paid("test", 3);
    const manager = staff();
    const [item] = order.items;
    const once = { id: item!.id, quantity: 1 };
    const first = await ship(manager, order, [once, once]);
    expect(first.items).toEqual([{ id: item!.id, quantity: 2 }]);
    expect((await get(manager, order)).status).toBe("processing");
    expect(await refusal(ship(manager, order, [{ id: item!.id, quantity: 2 }]))).toEqual({ code: "over_shipment" });
    const second = await ship(manager, order);
    expect(second.items).toEqual([{ id: item!.id, quantity: 1 }]);
    const after = await get(manager, order);
    expect(after.status).toBe("shipped");
    expect(after.history.slice(-2).map(({ to }) => to)).toEqual(["processing", "shipped"]);
    expect((await as(manager, () => house.rpc.listShipments({ order_id: order.id }))).data).toEqual([first, second]);
    expect(await refusal(ship(manager, order))).toEqual({ code: "over_shipment" });
  });

  it("of everything takes an order from paid to shipped by way of processing", async () => {
    const { order } = await paid();
    await ship(staff(), order);
    const { history } = await get(staff(), order);
    expect(history.map(({ from, to }) => `${from}>${to}`)).toEqual([
      ">pending_payment",
      "pending_payment>paid",
      "paid>processing",
      "processing>shipped",
    ]);
  });

  it("ships nothing twice under a race", async () => {
    const { order } = await paid("test", 5);
    const manager = staff();
    const one = [{ id: order.items[0]!.id, quantity: 1 }];
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => ship(manager, order, one)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  });

  it("is for staff who may write, of orders that are paid", async () => {
    const { actor, order } = await paid();
    expect(await refusal(ship(actor, order))).toEqual({ code: "forbidden" });
    expect(await refusal(ship(staff("support"), order))).toEqual({ code: "forbidden" });
    expect(await refusal(ship(staff("manager", newId()), order))).toEqual({ code: "order_not_found" });
    const unpaid = await placeOrder(house, someone());
    expect(await refusal(ship(staff(), unpaid))).toEqual({ code: "invalid_transition", allowed: ["cancelled"] });
    expect(await refusal(ship(staff(), order, [{ id: newId(), quantity: 1 }]))).toEqual({ code: "unknown_item" });
  });
});
