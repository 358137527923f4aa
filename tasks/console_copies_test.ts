import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { canCancel, canShip, movesOf, STATUSES } from "../admin/orders/moves.ts";
import { allowedMoves, type Order, type Status, TRANSITIONS } from "../services/order/order.ts";
import { ship } from "../services/order/shipment.ts";

describe("what the console knows of orders by itself", () => {
  it("is each status that is shown to anybody", () => {
    expect([...STATUSES].sort()).toEqual(Object.keys(TRANSITIONS).filter((status) => status !== "placing").sort());
  });

  for (const status of STATUSES) {
    it(`is where staff may take an order that is ${status}`, () => {
      const moves = [...movesOf(status), ...(canCancel(status) ? ["cancelled"] : [])];
      expect(moves.sort()).toEqual(allowedMoves(status, "staff").sort());
    });
  }

  it("is whose goods are sent", () => {
    const sent = (status: Status) => {
      ship({ status, items: [{ id: "a", quantity: 1, shipped: 0, restocked: 0 }] } as Order, []);
      return true;
    };
    for (const status of STATUSES) {
      if (canShip(status)) expect([status, sent(status)]).toEqual([status, true]);
      else expect(() => sent(status)).toThrow("can't become shipped");
    }
  });
});
