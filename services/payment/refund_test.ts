import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import type { NanoError } from "../shared/errors.ts";
import type { PayableLine, Payment } from "./payment.ts";
import { checkSupportLimit, lineShare, pauseAfter, planRefund, type Returned } from "./refund.ts";

function paid(lines: PayableLine[], more: Partial<Payment> = {}): Payment {
  const amount = lines.reduce((sum, line) => sum + line.total, 0);
  return {
    id: "p",
    order_id: "o",
    store_id: "s",
    attempt: 1,
    method: "test",
    status: "captured",
    currency: "USD",
    amount,
    captured_amount: amount,
    refunded_amount: 0,
    refunding_amount: 0,
    failure_code: null,
    provider_key: "o:authorize:1",
    provider_reference: null,
    capture: "automatic",
    token: null,
    lines,
    user_id: null,
    guest_hash: null,
    cancel_requested: false,
    cancel_reason: null,
    create_time: new Date(0),
    ...more,
  };
}

function refusal(run: () => unknown): { code: string; members: unknown } {
  try {
    run();
  } catch (error) {
    const { code, extras } = error as NanoError;
    return { code, members: extras.members };
  }
  throw new Error("nothing was refused");
}

/** What refunds have given so far. */
function sum(given: { quantity: number; amount: number }[]): Returned {
  const add = (of: "quantity" | "amount") => given.reduce((sum, refund) => sum + refund[of], 0);
  return { quantity: add("quantity"), amount: add("amount"), unpriced: 0 };
}

const shirt = { id: "shirt", variant_id: "v1", quantity: 3, total: 1000 };
const mug = { id: "mug", variant_id: "v2", quantity: 2, total: 501 };

describe("planRefund()", () => {
  it("splits a line so that its units, in whatever parts, come to exactly its total", () => {
    const splits = fc.tuple(
      fc.integer({ min: 0, max: 10 ** 10 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 25 }),
    );
    fc.assert(fc.property(splits, ([total, parts]) => {
      const line = { id: "x", variant_id: "v", quantity: parts.reduce((sum, part) => sum + part, 0), total };
      const returned = { quantity: 0, amount: 0, unpriced: 0 };
      for (const part of parts) {
        const share = lineShare(line, returned, part);
        expect(share).toBeGreaterThanOrEqual(0);
        returned.quantity += part;
        returned.amount += share;
      }
      expect(returned.amount).toBe(total);
    }));
  });

  it("gives never more than a line's total, and with its last unit the rest, whichever refunds fail and when", () => {
    const steps = fc.array(
      fc.record({ ask: fc.boolean(), quantity: fc.integer({ min: 1, max: 4 }), which: fc.nat() }),
      {
        maxLength: 40,
      },
    );
    const lines = fc.record({ quantity: fc.integer({ min: 1, max: 12 }), total: fc.integer({ min: 0, max: 2_000 }) });
    fc.assert(fc.property(lines, steps, ({ quantity, total }, steps) => {
      const line = { id: "x", variant_id: "v", quantity, total };
      const given: { quantity: number; amount: number }[] = [];
      const ask = (wanted: number) => {
        const returned = sum(given);
        const units = Math.min(wanted, quantity - returned.quantity);
        if (units > 0) given.push({ quantity: units, amount: lineShare(line, returned, units) });
        expect(given.every(({ amount }) => amount >= 0)).toBe(true);
        expect(sum(given).amount).toBeLessThanOrEqual(total);
      };
      // Those that are never taken out have succeeded.
      for (const step of steps) {
        if (step.ask) ask(step.quantity);
        else given.splice(step.which % (given.length || 1), 1);
      }
      while (sum(given).quantity < quantity) ask(1);
      expect(sum(given).amount).toBe(total);
    }));
  });

  it("leaves what a failed refund was to give to the units that come after", () => {
    const line = { id: "x", variant_id: "v", quantity: 3, total: 100 };
    // The first unit's refund, of 33, has failed after the second's, of 34.
    expect(lineShare(line, { quantity: 1, amount: 34, unpriced: 0 }, 1)).toBe(33);
    expect(lineShare(line, { quantity: 2, amount: 67, unpriced: 0 }, 1)).toBe(33);
  });

  it("counts units that a release before gave back as the first", () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 0, max: 10 ** 9 }), (quantity, total) => {
      const line = { id: "x", variant_id: "v", quantity, total };
      const before = lineShare(line, { quantity: 0, amount: 0, unpriced: 0 }, 1);
      const [old, known] = [{ quantity: 1, amount: 0, unpriced: 1 }, { quantity: 1, amount: before, unpriced: 0 }];
      expect(lineShare(line, old, 1)).toBe(lineShare(line, known, 1));
      expect(lineShare(line, old, quantity - 1)).toBe(total - before);
    }));
  });

  it("keeps each unit's share within one minor unit of the even one", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 0, max: 10 ** 9 }), (quantity, total) => {
      const line = { id: "x", variant_id: "v", quantity, total };
      const returned = { quantity: 0, amount: 0, unpriced: 0 };
      for (; returned.quantity < Math.min(quantity, 20); returned.quantity++) {
        const share = lineShare(line, returned, 1);
        expect(Math.abs(share - total / quantity)).toBeLessThanOrEqual(1);
        returned.amount += share;
      }
    }));
  });

  it("adds up lines", () => {
    const plan = planRefund(
      paid([shirt, mug]),
      { items: [{ id: "shirt", quantity: 1 }, { id: "mug", quantity: 2 }] },
      new Map(),
    );
    expect(plan).toEqual({
      amount: 333 + 501,
      items: [{ id: "shirt", quantity: 1, amount: 333 }, { id: "mug", quantity: 2, amount: 501 }],
    });
  });

  it("refuses more units than are left of a line", () => {
    const { code, members } = refusal(() =>
      planRefund(
        paid([shirt, mug]),
        { items: [{ id: "shirt", quantity: 2 }] },
        new Map([["shirt", { quantity: 2, amount: 667, unpriced: 0 }]]),
      )
    );
    expect(code).toBe("over_refund");
    expect(members).toEqual({ refundable: { amount: 1501, currency: "USD" } });
  });

  it("gives the rest where nothing is named, with the units that are left", () => {
    const payment = paid([shirt, mug], { refunded_amount: 333, status: "partially_refunded" });
    const plan = planRefund(payment, { items: [] }, new Map([["shirt", { quantity: 1, amount: 333, unpriced: 0 }]]));
    expect(plan).toEqual({
      amount: 1501 - 333,
      items: [{ id: "shirt", quantity: 2, amount: 667 }, { id: "mug", quantity: 2, amount: 501 }],
    });
  });

  it("names no lines for a part by amount", () => {
    expect(planRefund(paid([shirt]), { amount: { amount: 10, currency: "USD" }, items: [] }, new Map())).toEqual({
      amount: 10,
      items: [],
    });
  });

  it("names all lines where the amount is all that was taken", () => {
    const plan = planRefund(paid([shirt, mug]), { amount: { amount: 1501, currency: "USD" }, items: [] }, new Map());
    expect(plan.items).toEqual([{ id: "shirt", quantity: 3, amount: 1000 }, { id: "mug", quantity: 2, amount: 501 }]);
  });

  it("counts what other refunds have set aside", () => {
    const payment = paid([shirt], { refunding_amount: 600 });
    const { code, members } = refusal(() =>
      planRefund(payment, { amount: { amount: 401, currency: "USD" }, items: [] }, new Map())
    );
    expect([code, members]).toEqual(["over_refund", { refundable: { amount: 400, currency: "USD" } }]);
  });

  const refusals: [name: string, wish: Parameters<typeof planRefund>[1], code: string][] = [
    [
      "an amount and items at once",
      { amount: { amount: 1, currency: "USD" }, items: [{ id: "shirt", quantity: 1 }] },
      "amount_or_items",
    ],
    ["another currency", { amount: { amount: 1, currency: "EUR" }, items: [] }, "currency_mismatch"],
    ["an amount of nothing", { amount: { amount: 0, currency: "USD" }, items: [] }, "invalid_field"],
    ["a negative amount", { amount: { amount: -5, currency: "USD" }, items: [] }, "invalid_field"],
    ["a line of another order", { items: [{ id: "hat", quantity: 1 }] }, "unknown_item"],
    ["a line named twice", { items: [{ id: "shirt", quantity: 1 }, { id: "shirt", quantity: 1 }] }, "duplicate_item"],
    ["no units of a line", { items: [{ id: "shirt", quantity: 0 }] }, "invalid_field"],
  ];
  for (const [name, wish, code] of refusals) {
    it(`refuses ${name}`, () => expect(refusal(() => planRefund(paid([shirt]), wish, new Map())).code).toBe(code));
  }

  it("refuses anything of a payment that took no money", () => {
    expect(
      refusal(() => planRefund(paid([shirt], { status: "authorized", captured_amount: 0 }), { items: [] }, new Map()))
        .code,
    ).toBe("over_refund");
  });
});

describe("pauseAfter()", () => {
  it("grows from a minute to a day", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 1000].map(pauseAfter)).toEqual([60, 240, 960, 3840, 15_360, 61_440, 86_400, 86_400]);
  });
});

describe("checkSupportLimit()", () => {
  it("counts in major units of the currency", () => {
    checkSupportLimit(100_00, "USD");
    checkSupportLimit(100, "JPY");
    checkSupportLimit(100_000, "KWD");
    expect(refusal(() => checkSupportLimit(100_01, "USD")).code).toBe("refund_limit");
    expect(refusal(() => checkSupportLimit(101, "JPY")).code).toBe("refund_limit");
    expect(refusal(() => checkSupportLimit(100_001, "KWD")).code).toBe("refund_limit");
  });
});
