import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { toSend } from "./refused.ts";

describe("toSend()", () => {
  it("leaves out what is under way and what a refund has put back on the shelf", () => {
    const items = ["a", "b", "c"].map((id) => ({ id, quantity: 3 }));
    const refund = (id: string, restock: boolean, status = "succeeded") => ({
      items: [{ id, quantity: 1 }],
      restock,
      status,
    });
    const view = {
      order: { items },
      shipments: [{ items: [{ id: "a", quantity: 1 }] }, { items: [{ id: "a", quantity: 2 }] }],
      payments: [{ refunds: [refund("a", true), refund("b", true), refund("b", false), refund("c", true, "failed")] }],
    };
    expect(Object.fromEntries(toSend(view as unknown as Parameters<typeof toSend>[0]))).toEqual({ a: 0, b: 2, c: 3 });
  });
});
