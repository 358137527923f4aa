import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { ship } from "./shipment.ts";
import { codeOf, lineOf, orderOf } from "./testing_orders.ts";

describe("ship", () => {
  it("never sends more than was ordered, however the parcels are cut", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4 })), (parcels) => {
      const item = lineOf({ quantity: 7 });
      let order = orderOf({ status: "paid", items: [item] });
      for (const quantity of parcels) {
        const left = 7 - order.items[0]!.shipped;
        if (order.status === "shipped") break;
        const run = () => ship(order, [{ id: item.id, quantity }]);
        if (quantity > left) {
          expect(codeOf(run)).toBe("over_shipment");
          continue;
        }
        const { change } = run();
        const status = change.moves.at(-1)?.to ?? order.status;
        order = { ...order, status, items: [{ ...item, shipped: order.items[0]!.shipped + quantity }] };
        expect(status).toBe(order.items[0]!.shipped === 7 ? "shipped" : "processing");
      }
    }));
  });

  it("says that more is too much where all is sent already", () => {
    for (const status of ["shipped", "delivered", "completed"] as const) {
      const order = orderOf({ status, items: [lineOf({ quantity: 2, shipped: 2 })] });
      expect(codeOf(() => ship(order, [{ id: order.items[0]!.id, quantity: 1 }]))).toBe("over_shipment");
      expect(codeOf(() => ship(order, []))).toBe("over_shipment");
    }
  });

  it("sends nothing of an order that staff moved on without parcels, or that ended or is not paid", () => {
    for (const status of ["shipped", "delivered", "pending_payment", "cancelled", "expired", "refunded"] as const) {
      expect(codeOf(() => ship(orderOf({ status }), []))).toBe("invalid_transition");
    }
  });

  it("does not send what a refund has put back on the shelf", () => {
    const [kept, back] = [lineOf({ quantity: 2 }), lineOf({ quantity: 2, restocked: 1 })];
    const order = orderOf({ status: "paid", items: [kept, back] });
    expect(codeOf(() => ship(order, [{ id: back.id, quantity: 2 }]))).toBe("over_shipment");
    const { parcel, change } = ship(order, []);
    expect(parcel).toEqual([{ id: kept.id, quantity: 2 }, { id: back.id, quantity: 1 }]);
    expect(change.moves.at(-1)).toMatchObject({ to: "shipped" });
  });

  it("counts a line that is named twice twice", () => {
    const order = orderOf({ status: "paid" });
    const { id } = order.items[0]!;
    expect(codeOf(() => ship(order, [{ id, quantity: 2 }, { id, quantity: 2 }]))).toBe("over_shipment");
    expect(ship(order, [{ id, quantity: 1 }, { id, quantity: 1 }]).parcel).toEqual([{ id, quantity: 2 }]);
  });
});
