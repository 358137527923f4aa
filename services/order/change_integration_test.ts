import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import type { PlaceOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import type { Actor } from "../shared/auth.ts";
import { newId } from "../shared/ids.ts";
import { afterChange, stepsOf } from "./after_change.ts";
import { changeStatement } from "./change_statement.ts";
import { cancel, type Change, NO_CHANGE, type Order } from "./order.ts";
import { as, type OrderHouse, placeOrder, placing, refusal, someone, staff, startOrders } from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

const pay = (actor: Actor, { id }: { id: string }, key = newId()) =>
  as(actor, () =>
    house.rpc.payOrder({
      order_id: id,
      idempotency_key: { key, fingerprint: "one" },
      payment: { method: "test", token: "tok_ok" },
    }));

const cancelled = ({ id }: { id: string }) => as(staff(), () => house.rpc.setOrderStatus({ id, status: "cancelled" }));

async function read({ id }: { id: string }): Promise<Order> {
  const order = await house.deps.orders.find(id);
  if (!order) throw new Error(`There is no order ${id}.`);
  return order;
}

/** Runs something right after the service has next read an order. */
function afterNextFind(work: (order: Order) => Promise<unknown>): void {
  const { find } = house.deps.orders;
  house.deps.orders.find = async (id) => {
    house.deps.orders.find = find;
    const order = await find(id);
    if (order) await work(order);
    return order;
  };
}

async function paidOrder(quantity = 1) {
  const actor = someone();
  const placed = await placeOrder(house, actor, { quantity });
  await pay(actor, placed);
  return { actor, order: await read(placed) };
}

describe("a change of an order", () => {
  it("gives the order as it is then: the same as reading it again", async () => {
    const { order } = await paidOrder(3);
    const change = cancel(order, "changed my mind", true);
    const given = await as(staff(), () => house.deps.orders.applyUnlessMoved(order, change, "customer"));
    const { seen: _, ...found } = await read(order);
    const { seen: __, ...expected } = given!;
    expect(expected).toEqual(found);
    expect(found).toMatchObject({ status: "cancelled", version: order.version + 1, items: [{ restocked: 3 }] });
  });

  const moves: [to: string, move: (order: Order) => Promise<unknown>][] = [
    ["to another status", ({ id }) => as(staff(), () => house.rpc.setOrderStatus({ id, status: "processing" }))],
    ["within its status", (order) => house.deps.orders.applyUnlessMoved(order, NO_CHANGE, "system")],
  ];
  for (const [to, move] of moves) {
    it(`writes nothing at all where the order has moved on, ${to}`, async () => {
      const { order } = await paidOrder();
      const { owner } = house.database;
      const attempt = { ...order.payments[0]!, state: "refunded" as const };
      await owner.query(
        `update "order".idempotency_keys set state = 'in_progress', answer = null, done_time = null, locked_until = now()
         where resource_id = $1`,
        [attempt.payment_id],
      );
      const change: Change = { ...cancel(order, "too late", true), events: ["order.cancelled", "order.refunded"] };
      await move(order);
      const beside = async () => {
        const { rows } = await owner.query(
          `select count(*)::int as jobs, (select state from "order".idempotency_keys where resource_id = $2) as key
           from order_jobs._private_jobs where payload::text like '%' || $1 || '%'`,
          [order.id, attempt.payment_id],
        );
        return rows;
      };
      const [before, waiting] = [await read(order), await beside()];
      const key = { resource_id: attempt.payment_id, outcome: () => ({ answer: new Uint8Array() }) };
      const late = house.deps.orders.applyUnlessMoved(order, change, "system", { attempt, key, done: ["nothing"] });
      expect(await late).toBeUndefined();
      const now = await read(order);
      expect({ ...now, seen: 0 }).toEqual({ ...before, seen: 0 });
      expect(await beside()).toEqual(waiting);
    });
  }

  it("forgets no order that was opened", async () => {
    const { order } = await paidOrder();
    await house.deps.orders.forget(order.id, undefined);
    expect(await read(order)).toMatchObject({ status: "paid" });
  });

  it("is made by a statement whose name the database keeps whole, whatever goes with it", async () => {
    const { order } = await paidOrder();
    const [attempt] = order.payments;
    const key = { resource_id: order.id, outcome: { answer: new Uint8Array() } };
    const paid: Change = { moves: [{ to: "paid", reason: "" }], follow_ups: [], events: [] };
    const cases: [Change, string[]][] = [
      [cancel(order, "voided", true), ["order.add_jobs.3", "order.remove_job"]],
      [paid, ["order.add_jobs.2", "order.remove_job", "order.remove_job"]],
    ];
    for (const [change, names] of cases) {
      const steps = stepsOf(order, change, "system");
      const parts = names.map((name) => ({ name, text: "select" }));
      const after = afterChange(order, change, steps);
      const { name } = changeStatement(order, after, steps, change, { parts, attempt, key });
      expect(name).toMatch(/^order\.change\./);
    }
  });
});

describe("paying an order that is cancelled meanwhile", () => {
  it("is refused where that comes between the look at the order and the intent", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const key = newId();
    afterNextFind(() => cancelled(order));
    expect(await refusal(pay(actor, order, key))).toMatchObject({ code: "invalid_transition" });
    expect((await read(order)).payments).toEqual([]);
    expect(await refusal(pay(actor, order, key))).toMatchObject({ code: "invalid_transition", replayed: true });
  });

  it("sends the money back where that comes before the answer", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const { authorize } = house.neighbours.payment;
    house.neighbours.payment.authorize = async (request) => {
      house.neighbours.payment.authorize = authorize;
      await cancelled(order);
      return await authorize(request);
    };
    expect((await pay(actor, order)).payment?.status).toBe("captured");
    expect(await house.runJobs()).toEqual(expect.arrayContaining(["cancel_payments"]));
    expect(await read(order)).toMatchObject({ status: "cancelled", payment_status: "refunded" });
  });

  it("gives way to a payment under another key that came between", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const first = newId();
    afterNextFind(() => pay(actor, order, first));
    expect(await refusal(pay(actor, order))).toEqual({ code: "already_paid" });
    expect((await read(order)).payments).toHaveLength(1);
    afterNextFind(() => Promise.resolve());
    expect((await pay(actor, order, first)).replayed).toBe(true);
  });

  it("is one payment where the same request came twice at once", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor);
    const key = newId();
    let first: unknown;
    afterNextFind(async () => {
      first = (await pay(actor, order, key)).payment;
    });
    expect(await pay(actor, order, key)).toEqual({ payment: first, replayed: true });
    expect((await read(order)).payments).toHaveLength(1);
  });
});

describe("a request to place an order that is sent again", () => {
  it("shows its order again whatever became of cart, catalogue and store", async () => {
    const actor = someone();
    const { variant_id } = house.neighbours.sell();
    house.neighbours.fill(actor, [{ variant_id, quantity: 1 }]);
    const request = placing();
    const { order } = await as(actor, () => house.rpc.placeOrder(request));
    house.neighbours.offers.delete(variant_id);
    for (const step of ["getCheckout", "getOffers", "getStore"]) house.neighbours.fault(step, "away");
    expect(await as(actor, () => house.rpc.placeOrder(request))).toEqual({ order, replayed: true });
    for (const step of ["getCheckout", "getOffers", "getStore"]) house.neighbours.fault(step, undefined);
  });

  it("gives the second of two requests the order of the first, that closed the cart before the second read it", async () => {
    const actor = someone();
    const cart_id = house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    const request = placing();
    // Both have found the key new; the second one reads its cart once the first one is done.
    const { getCheckout } = house.neighbours.cart;
    let order: PlaceOrderResponse["order"];
    house.neighbours.cart.getCheckout = async (store_id) => {
      house.neighbours.cart.getCheckout = getCheckout;
      order = (await as(actor, () => house.rpc.placeOrder(request))).order;
      return await getCheckout(store_id);
    };
    expect(await as(actor, () => house.rpc.placeOrder(request))).toEqual({ order, replayed: true });
    const { rows } = await house.database.owner.query(`select from "order".orders where cart_id = $1`, [cart_id]);
    expect(rows).toHaveLength(1);
  });
});
