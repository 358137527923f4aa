import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { newId } from "../shared/ids.ts";
import { as, type OrderHouse, placeOrder, refusal, someone, staff, startOrders } from "./testing.ts";

let house: OrderHouse;
before(async () => {
  house = await startOrders();
});
after(() => house?.close());

describe("notes", () => {
  const store_id = newId();

  it("are written and read by the store's staff, oldest first", async () => {
    const ada = someone();
    const { id: order_id } = await placeOrder(house, ada, { store_id });
    const support = staff("support", store_id);
    const write = (text: string, actor = support) => as(actor, () => house.rpc.createNote({ order_id, text }));
    const first = await write("Called the buyer.");
    await write("Sent again.");
    expect(first).toMatchObject({ order_id, actor: `staff:${support.user_id}`, text: "Called the buyer." });
    const { data } = await as(staff("manager", store_id), () => house.rpc.listNotes({ order_id }));
    expect(data.map(({ text }) => text)).toEqual(["Called the buyer.", "Sent again."]);
    expect((await refusal(write("x", ada))).code).toBe("forbidden");
    expect((await refusal(write("x", staff("manager", newId())))).code).toBe("order_not_found");
    expect((await refusal(as(ada, () => house.rpc.listNotes({ order_id })))).code).toBe("forbidden");
    expect((await refusal(write("x".repeat(2001)))).code).toBe("invalid_field");
    expect((await refusal(as(support, () => house.rpc.createNote({ order_id: newId(), text: "x" })))).code)
      .toBe("order_not_found");
  });

  it("can't be changed or taken away", async () => {
    for (const text of ["update order_notes set text = 'y'", "delete from order_notes"]) {
      await expect(house.database.pool.query(text)).rejects.toMatchObject({ code: "42501" });
    }
  });
});

describe("GetOrderCounts", () => {
  const counted = async (store_id: string) =>
    (await as(staff("support", store_id), () => house.rpc.getOrderCounts({ store_id }))).orders;
  const really = async (store_id: string) => {
    const { rows } = await house.database.owner.query<{ status: string; n: number }>(
      `select status, count(*) as n from "order".orders where store_id = $1 and status <> 'placing' group by status`,
      [store_id],
    );
    return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
  };

  it("is what counting would give, after many moves at once", async () => {
    const store_id = newId();
    const ada = someone();
    const orders = [];
    for (let made = 0; made < 12; made++) orders.push(await placeOrder(house, ada, { store_id }));
    expect(await counted(store_id)).toEqual({ pending_payment: 12 });
    const manager = staff("manager", store_id);
    await Promise.all(
      orders.slice(0, 9).map(({ id }) => as(manager, () => house.rpc.setOrderStatus({ id, status: "cancelled" }))),
    );
    expect(await counted(store_id)).toEqual({ pending_payment: 3, cancelled: 9 });
    expect(await counted(store_id)).toEqual(await really(store_id));
  });

  it("goes back with a change that is taken back, and does not see drafts", async () => {
    const store_id = newId();
    await placeOrder(house, someone(), { store_id });
    const client = await house.database.owner.connect();
    await client.query(`begin; update "order".orders set status = 'paid' where store_id = '${store_id}'; rollback`);
    client.release();
    await refusal(placeOrder(house, someone(), { store_id, expected_total: { amount: 1, currency: "USD" } }));
    expect(await counted(store_id)).toEqual({ pending_payment: 1 });
  });

  it("is for the store's staff", async () => {
    const store_id = newId();
    const call = (actor: ReturnType<typeof someone>) =>
      refusal(as(actor, () => house.rpc.getOrderCounts({ store_id })));
    expect((await call(someone())).code).toBe("forbidden");
    expect((await call(staff("manager", newId()))).code).toBe("store_not_found");
  });

  it("reads a few rows by the key, however many orders there are", async () => {
    const { rows } = await house.database.owner.query(
      `explain select status, sum(orders) from "order".order_counts where store_id = '${newId()}' group by status`,
    );
    expect(JSON.stringify(rows)).toMatch(/order_counts_pkey|Bitmap/);
  });
});
