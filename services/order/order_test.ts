import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { newId } from "../shared/ids.ts";
import {
  allowedMoves,
  canMove,
  expire,
  fateOfHold,
  moneyHeld,
  type Order,
  priceLines,
  setStatus,
  SETTABLE,
  type Status,
  TRANSITIONS,
} from "./order.ts";
import { attemptOf, codeOf, lineOf, orderOf } from "./testing_orders.ts";

const STATUSES = Object.keys(TRANSITIONS) as Status[];
const MOVERS = ["checkout", "buyer", "staff", "payment", "time"] as const;
const FINAL: Status[] = ["cancelled", "expired", "refunded"];

describe("the transition table", () => {
  it("is the one of the contract", () => {
    const moves = STATUSES.flatMap((from) => Object.keys(TRANSITIONS[from]).map((to) => `${from} > ${to}`));
    expect(moves).toEqual([
      "placing > pending_payment",
      "pending_payment > paid",
      "pending_payment > cancelled",
      "pending_payment > expired",
      "paid > processing",
      "paid > cancelled",
      "paid > refunded",
      "processing > shipped",
      "processing > cancelled",
      "processing > refunded",
      "shipped > delivered",
      "shipped > refunded",
      "delivered > completed",
      "delivered > refunded",
      "completed > refunded",
    ]);
  });

  it("lets nothing leave a final status, and nothing return to placing", () => {
    for (const by of MOVERS) {
      for (const to of STATUSES) {
        for (const from of FINAL) expect(canMove(from, to, by)).toBe(false);
        expect(canMove(to, "placing", by)).toBe(false);
      }
    }
  });

  it("ends every walk, whoever moves", () => {
    fc.assert(fc.property(fc.array(fc.nat()), (choices) => {
      let status: Status = "placing";
      const seen = new Set<Status>([status]);
      for (const choice of choices) {
        const next = Object.keys(TRANSITIONS[status]) as Status[];
        if (next.length === 0) break;
        status = next[choice % next.length]!;
        expect(seen.has(status)).toBe(false);
        seen.add(status);
      }
    }));
  });

  it("never offers paid, expired or refunded, and to a buyer only to cancel before fulfilment", () => {
    for (const status of STATUSES) {
      for (const by of MOVERS) {
        for (const to of allowedMoves(status, by)) expect(SETTABLE).toContain(to);
      }
      expect(allowedMoves(status, "buyer")).toEqual(["pending_payment", "paid"].includes(status) ? ["cancelled"] : []);
    }
  });
});

describe("setStatus", () => {
  it("moves exactly where allowedMoves says, and names these otherwise", () => {
    for (const status of STATUSES) {
      for (const to of STATUSES) {
        const allowed = allowedMoves(status, "staff");
        const run = () => setStatus(orderOf({ status }), to, "staff", "", true);
        if (allowed.includes(to)) expect(run().moves).toEqual([{ to, reason: "" }]);
        else {expect(run).toThrow(
            expect.objectContaining({ code: "invalid_transition", extras: { members: { allowed } } }),
          );}
      }
    }
  });

  it("forbids a buyer everything but to cancel", () => {
    for (const to of STATUSES.filter((status) => status !== "cancelled")) {
      expect(codeOf(() => setStatus(orderOf({ status: "paid" }), to, "buyer", "", true))).toBe("forbidden");
    }
  });

  it("forbids a buyer to keep the goods out, so that nobody takes a store's stock off the shelf unpaid", () => {
    for (const status of ["pending_payment", "paid"] as const) {
      expect(codeOf(() => setStatus(orderOf({ status }), "cancelled", "buyer", "", false))).toBe("forbidden");
    }
  });

  it("returns on cancelling what was neither shipped nor put back before", () => {
    const items = [lineOf({ quantity: 5, shipped: 2, restocked: 1 }), lineOf({ quantity: 1, shipped: 1 })];
    const change = setStatus(orderOf({ status: "processing", items }), "cancelled", "staff", "", true);
    expect(change.returns?.lines).toEqual([{ id: items[0]!.id, variant_id: items[0]!.variant_id, quantity: 2 }]);
    expect(change.follow_ups.map(({ name }) => name)).toEqual(["cancel_payments"]);
  });

  it("keeps the hold of a cancelled order while a payment is without an answer", () => {
    const waiting = orderOf({ payments: [attemptOf("unknown")] });
    const names = (order: Order) => setStatus(order, "cancelled", "buyer", "", true).follow_ups.map(({ name }) => name);
    expect(names(waiting)).toEqual(["cancel_payments"]);
    expect(names(orderOf({ payments: [attemptOf("declined")] }))).toEqual(["release_stock"]);
  });
});

describe("expire", () => {
  it("ends only what is unpaid and overdue, and has no payment without an answer", () => {
    expect(expire(orderOf({ overdue: true }))?.moves).toEqual([{ to: "expired", reason: "not paid in time" }]);
    expect(expire(orderOf({ overdue: false }))).toBeUndefined();
    expect(expire(orderOf({ overdue: true, payments: [attemptOf("pending")] }))).toBeUndefined();
    for (const status of STATUSES.filter((status) => status !== "pending_payment")) {
      expect(expire(orderOf({ overdue: true, status }))).toBeUndefined();
    }
  });
});

describe("fateOfHold()", () => {
  it("keeps goods that may still be paid, and ends the hold of every other order", () => {
    expect(fateOfHold(undefined)).toBe("release");
    for (const status of ["placing", "pending_payment"] as const) expect(fateOfHold(orderOf({ status }))).toBe("keep");
    for (const status of ["cancelled", "expired"] as const) {
      expect(fateOfHold(orderOf({ status }))).toBe("release");
      expect(fateOfHold(orderOf({ status, keep_out: true }))).toBe("commit");
      for (const keep_out of [false, true]) {
        expect(fateOfHold(orderOf({ status, keep_out, payments: [attemptOf("unknown")] }))).toBe("keep");
      }
    }
    for (const status of ["paid", "processing", "shipped", "delivered", "completed", "refunded"] as const) {
      expect(fateOfHold(orderOf({ status }))).toBe("commit");
    }
  });
});

describe("moneyHeld()", () => {
  it("is what was captured and has not gone back", () => {
    const payments = [
      { ...attemptOf("partially_refunded"), captured_amount: 1000, refunded_amount: 400 },
      { ...attemptOf("captured"), captured_amount: 50 },
      attemptOf("authorized"),
    ];
    expect(moneyHeld(orderOf({ payments }))).toBe(650);
  });
});

describe("priceLines", () => {
  const line = { product_id: newId(), variant_id: newId(), sku: "A", name: "A", quantity: 3, unit_price: 333 };

  it("gives each line the tax and total that sum to the order's", () => {
    const { items, totals } = priceLines([line, line], { rate_bp: 1900, included: false }, "EUR");
    expect(items.map(({ tax, total }) => [tax, total])).toEqual([[190, 1189], [190, 1189]]);
    expect(totals.total).toEqual({ amount: 2378, currency: "EUR" });
  });

  it("refuses a total that numbers can't hold exactly", () => {
    const dear = { ...line, quantity: 999, unit_price: 1_000_000_000_000 };
    const lines = Array.from({ length: 20 }, () => dear);
    expect(codeOf(() => priceLines(lines, { rate_bp: 0, included: false }, "USD"))).toBe("total_too_large");
  });
});
