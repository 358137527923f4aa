import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import type { NanoError } from "../shared/errors.ts";
import type { PayableLine, Payment } from "./payment.ts";
import { checkSupportLimit, lineShare, pauseAfter, planRefund } from "./refund.ts";

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
      let [before, sum] = [0, 0];
      for (const part of parts) {
        const share = lineShare(line, before, part);
        expect(share).toBeGreaterThanOrEqual(0);
        before += part;
        sum += share;
      }
      expect(sum).toBe(total);
    }));
  });

  it("keeps each unit's share within one minor unit of the even one", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 0, max: 10 ** 9 }), (quantity, total) => {
      const line = { id: "x", variant_id: "v", quantity, total };
      for (let before = 0; before < Math.min(quantity, 20); before++) {
        expect(Math.abs(lineShare(line, before, 1) - total / quantity)).toBeLessThanOrEqual(1);
      }
    }));
  });

  it("adds up lines", () => {
    const plan = planRefund(
      paid([shirt, mug]),
      { items: [{ id: "shirt", quantity: 1 }, { id: "mug", quantity: 2 }] },
      new Map(),
    );
    expect(plan).toEqual({ amount: 333 + 501, items: [{ id: "shirt", quantity: 1 }, { id: "mug", quantity: 2 }] });
  });

  it("refuses more units than are left of a line", () => {
    const { code, members } = refusal(() =>
      planRefund(paid([shirt, mug]), { items: [{ id: "shirt", quantity: 2 }] }, new Map([["shirt", 2]]))
    );
    expect(code).toBe("over_refund");
    expect(members).toEqual({ refundable: { amount: 1501, currency: "USD" } });
  });

  it("gives the rest where nothing is named, with the units that are left", () => {
    const payment = paid([shirt, mug], { refunded_amount: 333, status: "partially_refunded" });
    const plan = planRefund(payment, { items: [] }, new Map([["shirt", 1]]));
    expect(plan).toEqual({ amount: 1501 - 333, items: [{ id: "shirt", quantity: 2 }, { id: "mug", quantity: 2 }] });
  });

  it("names no lines for a part by amount", () => {
    expect(planRefund(paid([shirt]), { amount: { amount: 10, currency: "USD" }, items: [] }, new Map())).toEqual({
      amount: 10,
      items: [],
    });
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
