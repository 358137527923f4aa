import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM } from "../shared/context.ts";
import { as, guest, type OrderHouse, placeOrder, refusal, someone, startOrders } from "./testing.ts";

describe("a person's orders", () => {
  let house: OrderHouse;
  before(async () => {
    house = await startOrders();
  });
  after(() => house?.close());

  it("are under way where a guest made them, too, under an address that is proven: then none are erased", async () => {
    const { user_id = "", ...buyer } = someone();
    const own = await placeOrder(house, { ...buyer, user_id });
    const email = "zerlina@example.com";
    const guests = await placeOrder(house, await guest(), { email: "Zerlina@example.com" });
    const open = async (email?: string) =>
      (await as(SYSTEM, () => house.rpc.listOpenOrders({ user_id, ...(email ? { email } : {}) }))).numbers;
    expect(await open()).toEqual([own.number]);
    expect(await open(email)).toEqual([own.number, guests.number]);
    expect(await refusal(as(SYSTEM, () => house.rpc.erasePerson({ user_id, email, order_ids: [] })))).toEqual({
      code: "orders_in_progress",
      orders: [own.number, guests.number],
    });
  });

  it("are not erased where another is placed in that moment", async () => {
    const { user_id = "", ...buyer } = someone();
    const actor = { ...buyer, user_id };
    const ended = await placeOrder(house, actor);
    await as(actor, () => house.rpc.setOrderStatus({ id: ended.id, status: "cancelled" }));
    const other = await house.database.owner.connect();
    await other.query("begin");
    await other.query(`select from "order".orders where id = $1 for update`, [ended.id]);
    const erased = refusal(as(SYSTEM, () => house.rpc.erasePerson({ user_id, order_ids: [] })));
    const waiting = () => house.database.owner.query("select from pg_locks where not granted");
    for (let tries = 0; tries < 100 && (await waiting()).rowCount === 0; tries++) {
      await new Promise((next) => setTimeout(next, 5));
    }
    const late = await placeOrder(house, actor);
    await other.query("commit");
    other.release();
    expect(await erased).toEqual({ code: "orders_in_progress", orders: [late.number] });
    expect((await as(actor, () => house.rpc.getOrder({ id: ended.id }))).email).toBe(ended.email);
  });
});
