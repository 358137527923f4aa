import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import type { Payment } from "../../proto/gen/nano/payment/v1/payment.ts";
import { advance, followPayment, paymentStatus } from "./attempt.ts";
import type { Attempt } from "./order.ts";
import { attemptOf, orderOf } from "./testing_orders.ts";

const usd = (amount: number) => ({ amount, currency: "USD" });

const attempt: Attempt = {
  attempt: 1,
  payment_id: "p",
  method: "test",
  state: "pending",
  amount: 1000,
  captured_amount: 0,
  refunded_amount: 0,
  failure_code: null,
  create_time: new Date(),
};

function paymentOf(status: string, captured = 0, refunded = 0): Payment {
  const amounts = { amount: usd(1000), captured_amount: usd(captured), refunded_amount: usd(refunded) };
  return { id: "p", order_id: "o", store_id: "s", method: "test", status, create_time: new Date(), ...amounts };
}

/** Lives of a payment, as its news come. */
const LIVES: Payment[][] = [
  [paymentOf("pending"), paymentOf("unknown"), paymentOf("declined")],
  [paymentOf("unknown"), paymentOf("captured", 1000)],
  [
    paymentOf("captured", 1000),
    paymentOf("partially_refunded", 1000, 100),
    paymentOf("partially_refunded", 1000, 400),
    paymentOf("refunded", 1000, 1000),
  ],
  [paymentOf("authorized"), paymentOf("captured", 1000), paymentOf("refunded", 1000, 1000)],
  [paymentOf("authorized"), paymentOf("voided")],
];

const follow = (news: Payment[]) => news.reduce((known, payment) => advance(known, payment) ?? known, attempt);

describe("advance", () => {
  it("ends the same in whatever order the news comes, and however often", () => {
    for (const life of LIVES) {
      const end = follow(life);
      const shuffled = fc.shuffledSubarray([...life, ...life], { minLength: life.length * 2 });
      fc.assert(fc.property(shuffled, (news) => {
        const { failure_code: _, ...known } = follow(news);
        expect(known).toEqual((({ failure_code: _, ...rest }) => rest)(end));
      }));
    }
  });

  it("takes the same news twice for no news", () => {
    for (const payment of LIVES.flat()) {
      const known = advance(attempt, payment);
      if (known) expect(advance(known, payment)).toBeUndefined();
    }
  });

  it("refuses a status that no payment has", () => {
    expect(() => advance(attempt, paymentOf("lost"))).toThrow("lost");
  });
});

describe("paymentStatus", () => {
  const of = (...payments: Payment[]) => paymentStatus(payments.map((payment) => advance(attempt, payment) ?? attempt));
  const cases: [string, string, Payment[]][] = [
    ["no payment", "unpaid", []],
    ["a payment without an answer", "unpaid", [paymentOf("unknown")]],
    ["a decline", "failed", [paymentOf("declined")]],
    ["a decline and another try under way", "unpaid", [paymentOf("declined"), paymentOf("pending")]],
    ["a decline and then a capture", "paid", [paymentOf("declined"), paymentOf("captured", 1000)]],
    ["an authorisation", "authorized", [paymentOf("authorized")]],
    ["an authorisation that was voided", "unpaid", [paymentOf("voided")]],
    ["a refund in part", "partially_refunded", [paymentOf("partially_refunded", 1000, 1)]],
    ["a refund in full", "refunded", [paymentOf("refunded", 1000, 1000)]],
    ["one of two payments refunded", "partially_refunded", [
      paymentOf("captured", 1000),
      paymentOf("refunded", 1000, 1000),
    ]],
  ];
  for (const [what, status, payments] of cases) {
    it(`is ${status} with ${what}`, () => expect(of(...payments)).toBe(status));
  }
});

describe("followPayment()", () => {
  it("lets go of an order whose payment is voided, but not while another one holds money", () => {
    const [before, now] = [attemptOf("authorized"), attemptOf("voided")];
    const following = (...others: Attempt[]) =>
      followPayment(orderOf({ status: "paid", payments: [now, ...others] }), before, now).moves.map(({ to }) => to);
    expect(following()).toEqual(["cancelled"]);
    expect(following(attemptOf("declined"))).toEqual(["cancelled"]);
    expect(following(attemptOf("authorized"))).toEqual([]);
    expect(following({ ...attemptOf("captured"), captured_amount: 1000 })).toEqual([]);
    expect(following({ ...attemptOf("refunded"), captured_amount: 1000, refunded_amount: 1000 })).toEqual([
      "cancelled",
    ]);
  });
});
