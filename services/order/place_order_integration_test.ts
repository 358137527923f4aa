import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { conflict } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { PlaceOrderResponse } from "../../proto/gen/nano/order/v1/order.ts";
import {
  as,
  type Fault,
  guest,
  type OrderHouse,
  placeOrder,
  placing,
  refusal,
  someone,
  startOrders,
  STORE,
} from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

async function count(sql: string, values: unknown[] = []): Promise<number> {
  const { rows: [row] } = await house.database.owner.query<{ count: number }>(sql, values);
  return Number(row?.count);
}

describe("PlaceOrder", () => {
  it("prices the cart, holds the stock, closes the cart and opens the order", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor, { amount: 1999, quantity: 3 });
    expect(order).toMatchObject({
      store_id: STORE,
      user_id: actor.user_id,
      email: "ada@example.com",
      status: "pending_payment",
      payment_status: "unpaid",
      subtotal: { amount: 5997, currency: "USD" },
      tax: { amount: 600, currency: "USD" },
      total: { amount: 6597, currency: "USD" },
      items: [{ quantity: 3, unit_price: { amount: 1999 }, tax: { amount: 600 }, total: { amount: 6597 } }],
      history: [{ from: "", to: "pending_payment", actor: "customer" }],
      version: 1,
    });
    expect(order.number).toBeGreaterThanOrEqual(1001);
    expect(house.neighbours.held.get(order.id)).toBe("held");
    const left = order.expire_time!.getTime() - order.create_time!.getTime();
    expect(Math.abs(left - 15 * 60_000)).toBeLessThan(10_000);
    expect(await as(actor, () => house.rpc.getOrder({ id: order.id }))).toEqual(order);
  });

  it("takes what costs nothing for paid, goods and all", async () => {
    const actor = someone();
    const order = await placeOrder(house, actor, { amount: 0, quantity: 2 });
    expect(order).toMatchObject({ status: "paid", payment_status: "paid", total: { amount: 0 } });
    expect(order.history.map(({ to, reason }) => [to, reason])).toEqual([
      ["pending_payment", ""],
      ["paid", "nothing to pay"],
    ]);
    expect(house.neighbours.held.get(order.id)).toBe("committed");
    const jobs = await house.database.owner.query<{ task: string }>(
      `select t.identifier as task from order_jobs._private_jobs j join order_jobs._private_tasks t on t.id = j.task_id
       where j.key like '%' || $1`,
      [order.id],
    );
    expect(jobs.rows.map(({ task }) => task)).not.toContain("expire_order");
  });

  it("counts orders in each store from 1001", async () => {
    const store_id = newId();
    const numbers = [];
    for (let i = 0; i < 3; i++) numbers.push((await placeOrder(house, someone(), { store_id })).number);
    expect(numbers).toEqual([1001, 1002, 1003]);
  });

  it("shows the order to nobody else", async () => {
    const order = await placeOrder(house, await guest());
    expect(await refusal(as(someone(), () => house.rpc.getOrder({ id: order.id })))).toEqual({
      code: "order_not_found",
    });
    const other = await guest();
    expect(await refusal(as(other, () => house.rpc.getOrder({ id: order.id })))).toEqual({ code: "order_not_found" });
    expect(await refusal(as(undefined, () => house.rpc.getOrder({ id: order.id })))).toEqual({
      code: "unauthenticated",
    });
  });

  it("takes a user's own e-mail address, and asks a guest for one", async () => {
    const user = someone();
    const { variant_id } = house.neighbours.sell();
    house.neighbours.fill(user, [{ variant_id, quantity: 1 }]);
    const { email: _, ...request } = placing();
    const { order } = await as(user, () => house.rpc.placeOrder(request));
    expect(order?.email).toBe(user.email);
    expect(await refusal(as(await guest(), () => house.rpc.placeOrder(request)))).toEqual({ code: "email_required" });
  });

  it("emits order.placed with the order as REST shows it", async () => {
    const order = await placeOrder(house, someone());
    const { rows } = await house.database.owner.query<{ payload: { type: string; data_json: string } }>(
      `select payload from order_jobs._private_jobs where payload ->> 'type' = 'order.placed'
       and payload ->> 'data_json' like $1`,
      [`%${order.id}%`],
    );
    expect(rows).toHaveLength(1);
    expect(JSON.parse(rows[0]!.payload.data_json)).toEqual(JSON.parse(JSON.stringify(order)));
  });

  it("refuses an empty cart, one that was ordered, and a store that is suspended", async () => {
    const actor = someone();
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toEqual({ code: "cart_empty" });
    const order = await placeOrder(house, actor);
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toEqual({
      code: "cart_ordered",
      order_id: order.id,
    });
    house.neighbours.storeStatus = "suspended";
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toEqual({ code: "store_suspended" });
    house.neighbours.storeStatus = "active";
  });

  it("refuses another total than the buyer saw, and says which it is", async () => {
    const actor = someone();
    const { variant_id } = house.neighbours.sell(1000);
    house.neighbours.fill(actor, [{ variant_id, quantity: 2 }]);
    const request = placing({ expected_total: { amount: 2199, currency: "USD" } });
    expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({
      code: "price_changed",
      total: { amount: 2200, currency: "USD" },
    });
    const fits = placing({ expected_total: { amount: 2200, currency: "USD" } });
    expect((await as(actor, () => house.rpc.placeOrder(fits))).order?.total?.amount).toBe(2200);
  });

  it("refuses what is out of stock or no longer sold, holds nothing and leaves the cart as it was", async () => {
    const actor = someone();
    const scarce = house.neighbours.sell(1000, 1);
    const gone = newId();
    house.neighbours.fill(actor, [{ variant_id: scarce.variant_id, quantity: 2 }]);
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toMatchObject({
      code: "out_of_stock",
      items: [{ variant_id: scarce.variant_id }],
    });
    house.neighbours.fill(actor, [{ variant_id: gone, quantity: 1, sku: "GONE" }, {
      variant_id: scarce.variant_id,
      quantity: 1,
    }]);
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toMatchObject({
      code: "out_of_stock",
      items: [{ variant_id: gone, sku: "GONE" }],
    });
    house.neighbours.fill(actor, [{ variant_id: scarce.variant_id, quantity: 1 }]);
    expect((await as(actor, () => house.rpc.placeOrder(placing()))).order?.status).toBe("pending_payment");
  });
});

describe("an order that is refused once its goods are held", () => {
  it("frees them by job where the product service is away then", async () => {
    const { neighbours } = house;
    const actor = someone();
    const offer = neighbours.sell(1000, 5);
    neighbours.fill(actor, [{ variant_id: offer.variant_id, quantity: 2 }]);
    const { closeCart } = neighbours.cart;
    neighbours.cart.closeCart = () => {
      neighbours.cart.closeCart = closeCart;
      return Promise.reject(conflict("cart_ordered", "Ordered already."));
    };
    neighbours.fault("releaseStock", "away");
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toEqual({ code: "cart_ordered" });
    neighbours.fault("releaseStock", undefined);
    expect(offer.available).toBe(3);
    expect(await house.runJobs()).toContain("release_stock");
    expect(offer.available).toBe(5);
  });
});

describe("a key", () => {
  it("gives twenty requests at once one order, and afterwards the same bytes", async () => {
    const actor = someone();
    const { variant_id } = house.neighbours.sell();
    house.neighbours.fill(actor, [{ variant_id, quantity: 1 }]);
    const request = placing();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => as(actor, () => house.rpc.placeOrder(request))),
    );
    const answers = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    const codes = results.flatMap((result) => result.status === "rejected" ? [result.reason.code] : []);
    expect(answers.length).toBeGreaterThanOrEqual(1);
    expect(new Set(codes)).toEqual(codes.length ? new Set(["request_in_progress"]) : new Set());
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);

    const again = await as(actor, () => house.rpc.placeOrder(request));
    expect(again.replayed).toBe(true);
    const bytes = answers.concat(again).map(({ order }) =>
      PlaceOrderResponse.encode({ order, replayed: false }).finish().toHex()
    );
    expect(new Set(bytes).size).toBe(1);
    expect(await count(`select count(*) from "order".orders where user_id = $1`, [actor.user_id])).toBe(1);
  });

  it("is refused for another request", async () => {
    const actor = someone();
    const request = placing();
    await refusal(as(actor, () => house.rpc.placeOrder(request)));
    const other = { ...request, idempotency_key: { key: request.idempotency_key!.key, fingerprint: "two" } };
    expect(await refusal(as(actor, () => house.rpc.placeOrder(other)))).toEqual({ code: "idempotency_key_reused" });
  });

  it("belongs to one buyer in one store", async () => {
    const key = { key: newId(), fingerprint: "one" };
    const orders = [];
    for (const store_id of [STORE, newId()]) {
      for (const actor of [someone(), await guest()]) {
        orders.push((await placeOrder(house, actor, { store_id, idempotency_key: key })).id);
      }
    }
    expect(new Set(orders).size).toBe(4);
  });

  it("keeps a refusal, even when the order would be possible by now", async () => {
    const actor = someone();
    const request = placing();
    expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({ code: "cart_empty" });
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({
      code: "cart_empty",
      replayed: true,
    });
    expect((await as(actor, () => house.rpc.placeOrder(placing()))).replayed).toBe(false);
  });

  it("does not keep a failure: the same request sent again places the order", async () => {
    for (const step of ["getCheckout", "getOffers", "reserveStock"]) {
      const actor = someone();
      house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
      const request = placing();
      house.neighbours.fault(step, "away");
      expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({ code: "unavailable" });
      house.neighbours.fault(step, undefined);
      expect((await as(actor, () => house.rpc.placeOrder(request))).order?.status).toBe("pending_payment");
    }
  });

  it("lets two keys order one cart once", async () => {
    const actor = someone();
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => as(actor, () => house.rpc.placeOrder(placing()))),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const codes = results.flatMap((result) => result.status === "rejected" ? [result.reason.code] : []);
    expect(new Set(codes)).toEqual(new Set(["cart_ordered"]));
  });
});

describe("a process that dies while it places an order", () => {
  const deaths: [string, Fault][] = [
    ["reserveStock", "never"],
    ["reserveStock", "never after it was done"],
    ["closeCart", "never"],
    ["closeCart", "never after it was done"],
  ];

  async function die([step, fault]: [string, Fault], quantity = 1) {
    const actor = someone();
    const offer = house.neighbours.sell(1000, 5);
    const cart_id = house.neighbours.fill(actor, [{ variant_id: offer.variant_id, quantity }]);
    const request = placing();
    house.neighbours.fault(step, fault);
    const before = house.neighbours.calls.length;
    const dead = as(actor, () => house.rpc.placeOrder(request));
    dead.catch(() => {});
    while (!house.neighbours.calls.slice(before).includes(step)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await refusal(as(actor, () => house.rpc.placeOrder(request)))).toEqual({ code: "request_in_progress" });
    house.neighbours.fault(step, undefined);
    await house.endLeases();
    return { actor, request, offer, cart_id };
  }

  for (const death of deaths) {
    it(`at ${death[0]} (${death[1]}): the same request, sent again, gets one order`, async () => {
      const { actor, request, offer } = await die(death);
      const { order } = await as(actor, () => house.rpc.placeOrder(request));
      expect(order?.status).toBe("pending_payment");
      expect(offer.available).toBe(4);
      expect(await count(`select count(*) from "order".orders where user_id = $1`, [actor.user_id])).toBe(1);
      expect((await as(actor, () => house.rpc.placeOrder(request))).order).toEqual(order);
    });

    it(`at ${death[0]} (${death[1]}): the job settles it by itself`, async () => {
      const { actor, cart_id, request, offer } = await die(death);
      expect(await house.runJobs()).toContain("resume_order");
      expect(await count(`select count(*) from "order".orders where cart_id = $1`, [cart_id])).toBe(1);
      expect(
        await count(`select count(*) from "order".orders where status = 'placing' and user_id = $1`, [actor.user_id]),
      )
        .toBe(0);
      expect(offer.available).toBe(4);
      expect((await as(actor, () => house.rpc.placeOrder(request))).replayed).toBe(true);
    });
  }

  for (const by of ["the buyer", "the job"]) {
    it(`long ago, when its cart was closed already: ${by} gets it placed, with all the time to pay`, async () => {
      const { actor, request, offer } = await die(["closeCart", "never after it was done"]);
      await house.database.owner.query(
        `update "order".orders set expire_time = now() - interval '1 minute' where user_id = $1`,
        [actor.user_id],
      );
      if (by === "the job") await house.runJobs();
      const { order } = await as(actor, () => house.rpc.placeOrder(request));
      expect(order?.status).toBe("pending_payment");
      expect(order!.expire_time!.getTime()).toBeGreaterThan(Date.now() + 14 * 60_000);
      expect(offer.available).toBe(4);
      await as(actor, () => house.rpc.setOrderStatus({ id: order!.id, status: "cancelled" }));
      expect(offer.available).toBe(5);
    });
  }

  for (const step of ["getCheckout", "getOffers", "getStore"]) {
    it(`at ${step}: nothing is left of it, and the same request, sent again, places the order at once`, async () => {
      const actor = someone();
      house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
      const request = placing();
      house.neighbours.fault(step, "never");
      const before = house.neighbours.calls.length;
      as(actor, () => house.rpc.placeOrder(request)).catch(() => {});
      while (!house.neighbours.calls.slice(before).includes(step)) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      house.neighbours.fault(step, undefined);
      const written = `select (select count(*) from "order".orders where user_id = $1::uuid)
        + (select count(*) from "order".idempotency_keys where principal = 'user:' || $1) as count`;
      expect(await count(written, [actor.user_id])).toBe(0);
      expect(await as(actor, () => house.rpc.placeOrder(request))).toMatchObject({
        replayed: false,
        order: { status: "pending_payment" },
      });
    });
  }

  it("is taken up from an order without a cart, as the release before left it: it is forgotten, and its key free", async () => {
    const actor = someone();
    const request = placing();
    const id = newId();
    await house.database.owner.query(
      `with key as (
         insert into "order".idempotency_keys (store_id, principal, key, fingerprint, resource_id, locked_until)
         values ($1, 'user:' || $2, $3, 'one', $4, now())
       ) insert into "order".orders (id, store_id, user_id, email, shipping_address)
         values ($4, $1, $2::uuid, 'ada@example.com', '{}')`,
      [STORE, actor.user_id, request.idempotency_key!.key, id],
    );
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    expect((await as(actor, () => house.rpc.placeOrder(request))).replayed).toBe(false);
    expect(await count(`select count(*) from "order".orders where id = $1`, [id])).toBe(0);
  });

  it("is left alone by the job until its lease ends", async () => {
    const actor = someone();
    house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    const before = house.neighbours.calls.length;
    house.neighbours.fault("reserveStock", "never");
    as(actor, () => house.rpc.placeOrder(placing())).catch(() => {});
    while (!house.neighbours.calls.slice(before).includes("reserveStock")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    house.neighbours.fault("reserveStock", undefined);
    expect(await refusal(house.runJobs())).toEqual({ code: "request_in_progress" });
    await house.endLeases();
  });

  it("is taken up by one of many who send the request again at once", async () => {
    const { actor, request, offer } = await die(["reserveStock", "never"]);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => as(actor, () => house.rpc.placeOrder(request))),
    );
    const codes = results.flatMap((result) => result.status === "rejected" ? [result.reason.code] : []);
    expect(codes.filter((code) => code !== "request_in_progress")).toEqual([]);
    expect(house.neighbours.calls.filter((step) => step === "reserveStock").length).toBeGreaterThan(1);
    expect(offer.available).toBe(4);
    expect(
      await count(`select count(*) from "order".orders where user_id = $1 and number is not null`, [actor.user_id]),
    )
      .toBe(1);
  });

  it("with a cart service that is away: the order stands and a job closes the cart", async () => {
    const actor = someone();
    const cart_id = house.neighbours.fill(actor, [{ variant_id: house.neighbours.sell().variant_id, quantity: 1 }]);
    house.neighbours.fault("closeCart", "away");
    const { order } = await as(actor, () => house.rpc.placeOrder(placing()));
    house.neighbours.fault("closeCart", undefined);
    expect(order?.status).toBe("pending_payment");
    expect(await refusal(as(actor, () => house.rpc.placeOrder(placing())))).toEqual({ code: "cart_ordered" });
    expect(await house.runJobs()).toContain("close_cart");
    const cart = [...house.neighbours.carts.values()].find((found) => found.cart_id === cart_id);
    expect(cart?.order_id).toBe(order?.id);
  });
});
