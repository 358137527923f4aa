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
});
