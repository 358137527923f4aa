import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM } from "../../shared/context.ts";
import { newId } from "../../shared/ids.ts";
import {
  as,
  authorize,
  becomes,
  capture,
  client,
  database,
  eventually,
  jobs,
  ledger,
  refund,
  refusal,
  setCapture,
  voidPayment,
} from "../testing.ts";
import { stripeEvent, type StripeServer } from "./stripe_server_testing.ts";
import { card, deliver, intentsFor, startStripe, stopStripe } from "./stripe_testing.ts";

let stripe: StripeServer;
before(async () => {
  stripe = await startStripe();
});
after(() => stopStripe(stripe));

/** The intents that Stripe has for an order. */
const intentsOf = (order_id: string) => intentsFor(stripe, order_id);

/** The keys under which something was asked of Stripe. */
const keysOf = (path: string) =>
  stripe.asked.flatMap(({ path: asked, key }) => asked.endsWith(path) && key !== null ? key : []);

describe("a payment by Stripe", () => {
  it("is charged by one intent, made with our key and confirmed with the buyer's method", async () => {
    const asked = card();
    expect(await authorize(asked)).toMatchObject({ status: "captured", captured_amount: { amount: 1501 } });
    const [intent] = intentsOf(asked.order_id);
    expect(intent).toMatchObject({
      status: "succeeded",
      amount: 1501,
      currency: "usd",
      payment_method: "pm_card_visa",
    });
    const key = `${asked.order_id}:authorize:1`;
    expect(intent?.metadata.nano_key).toBe(key);
    expect(stripe.asked.filter((call) => call.key?.startsWith(asked.order_id)).map((call) => call.key)).toEqual([
      key,
      `${key}:confirm`,
    ]);
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("is charged once however often it is asked at the same time", async () => {
    const asked = card();
    const answers = await Promise.all(Array.from({ length: 6 }, () => authorize(asked)));
    expect(answers.at(-1)?.id).toBe(asked.payment_id);
    await becomes(asked.payment_id, "captured");
    expect(intentsOf(asked.order_id).filter(({ status }) => status === "succeeded")).toHaveLength(1);
  });

  const declines: [method: string, failure_code: string][] = [
    ["pm_card_visa_chargeDeclined", "card_declined"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"],
    ["pm_card_visa_chargeDeclinedLostCard", "card_declined"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card"],
    ["pm_card_authenticationRequired", "authentication_required"],
    ["pm_of_nobody", "invalid_token"],
  ];
  for (const [method, failure_code] of declines) {
    it(`ends declined with ${failure_code} for ${method}`, async () => {
      const asked = card(method);
      expect(await authorize(asked)).toMatchObject({ status: "declined", failure_code });
      expect(intentsOf(asked.order_id).filter(({ status }) => status === "succeeded")).toEqual([]);
    });
  }

  const amounts: [amount: number, currency: string, sent: number | undefined][] = [
    [500, "JPY", 500],
    [5, "ISK", 500],
    [5120, "KWD", 5120],
    [5124, "KWD", undefined],
    [10, "USD", undefined],
  ];
  for (const [amount, currency, sent] of amounts) {
    it(`sends ${sent ?? "nothing"} for ${amount} ${currency}`, async () => {
      const asked = card("pm_card_visa", { amount: { amount, currency }, lines: [] });
      expect(await authorize(asked)).toMatchObject(
        sent === undefined
          ? { status: "declined", failure_code: "amount_not_supported" }
          : { status: "captured", captured_amount: { amount, currency } },
      );
      expect(intentsOf(asked.order_id).map((intent) => intent.amount)).toEqual(sent === undefined ? [] : [sent]);
    });
  }

  for (const path of ["payment_intents", "confirm"]) {
    for (const fault of ["lost", "silent", "error"] as const) {
      it(`is charged once when the answer to ${path} is ${fault}: unknown, and found out by job`, async () => {
        const asked = card();
        stripe.fail(path, fault);
        expect((await authorize(asked)).status).toBe("unknown");
        await becomes(asked.payment_id, "captured");
        expect(intentsOf(asked.order_id).filter(({ status }) => status === "succeeded")).toHaveLength(1);
        expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
      });
    }
  }

  it("is found captured where another process was faster to confirm it", async () => {
    const asked = card();
    stripe.fail("confirm", "beaten");
    expect((await authorize(asked)).status).toBe("captured");
    expect(intentsOf(asked.order_id)).toMatchObject([{ status: "succeeded" }]);
  });

  it("is found by the intent's id long after Stripe forgot our key", async () => {
    const asked = card();
    stripe.fail("confirm", "silent");
    expect((await authorize(asked)).status).toBe("unknown");
    const { rows: [row] } = await database.owner.query(
      "select provider_reference from payment.payments where id = $1",
      [asked.payment_id],
    );
    expect(row?.provider_reference).toBe(intentsOf(asked.order_id)[0]?.id);
    await becomes(asked.payment_id, "captured");
  });
});

describe("captures, voids and refunds by Stripe", () => {
  before(() => setCapture("manual"));

  it("captures a part of what was authorised", async () => {
    const asked = card();
    expect(await authorize(asked)).toMatchObject({ status: "authorized" });
    expect(intentsOf(asked.order_id)).toMatchObject([{ status: "requires_capture", amount_capturable: 1501 }]);
    expect((await capture(asked.payment_id, 1001)).payment).toMatchObject({
      status: "captured",
      captured_amount: { amount: 1001 },
    });
    expect(intentsOf(asked.order_id)).toMatchObject([{ status: "succeeded", amount_received: 1001 }]);
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1001, store: -1001 });
  });

  it("captures once when the answer is lost on its way back", async () => {
    const asked = card();
    await authorize(asked);
    stripe.fail("capture", "silent");
    expect((await capture(asked.payment_id)).pending).toBe(true);
    await becomes(asked.payment_id, "captured");
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("voids", async () => {
    const asked = card();
    await authorize(asked);
    expect((await voidPayment(asked.payment_id)).payment?.status).toBe("voided");
    expect(intentsOf(asked.order_id)).toMatchObject([{ status: "canceled" }]);
  });

  it("refuses to capture an authorisation that Stripe has let go, and finds it voided", async () => {
    const asked = card();
    await authorize(asked);
    const [intent] = intentsOf(asked.order_id);
    Object.assign(intent ?? {}, { status: "canceled" });
    expect((await refusal(capture(asked.payment_id))).extras.members).toEqual({ failure_code: "authorization_ended" });
    await becomes(asked.payment_id, "voided");
  });

  it("captures and voids where another process was faster", async () => {
    for (
      const [path, operate, status] of [["capture", capture, "captured"], ["cancel", voidPayment, "voided"]] as const
    ) {
      const asked = card();
      await authorize(asked);
      stripe.fail(path, "beaten");
      expect((await operate(asked.payment_id)).payment?.status).toBe(status);
    }
  });

  const operations = [
    ["capture", (id: string) => capture(id, 1001), "captured", 1001],
    ["cancel", (id: string) => voidPayment(id), "voided", undefined],
  ] as const;
  for (const [path, operate, status, left] of operations) {
    it(`asks to ${path} again by another key, where Stripe keeps an error under the first`, async () => {
      const asked = card();
      await authorize(asked);
      stripe.fail(path, "error");
      expect((await operate(asked.payment_id)).pending).toBe(true);
      await becomes(asked.payment_id, status);
      const keys = keysOf(`${intentsOf(asked.order_id)[0]?.id}/${path}`);
      expect(keys).toEqual([keys[0], keys[0], `${keys[0]}#1`]);
      expect((await ledger(asked.payment_id)).provider).toBe(left);
    });

    it(`finds out that Stripe's ${path} was made in spite of its error, and asks no more`, async () => {
      const asked = card();
      await authorize(asked);
      stripe.fail(path, "late_error");
      expect((await operate(asked.payment_id)).payment?.status).toBe(status);
      expect(keysOf(`${intentsOf(asked.order_id)[0]?.id}/${path}`)).toHaveLength(1);
      expect((await ledger(asked.payment_id)).provider).toBe(left);
    });
  }

  for (const [fault, status, keys] of [["error", "pending", 2], ["late_error", "succeeded", 1]] as const) {
    it(`refunds once where Stripe keeps an error under the key: ${fault}`, async () => {
      const asked = card();
      await authorize(asked);
      await capture(asked.payment_id);
      stripe.fail("refunds", fault);
      const made = (await refund(asked.payment_id, { amount: { amount: 500, currency: "USD" } })).refund;
      expect(made?.status).toBe(status);
      await becomes(asked.payment_id, "partially_refunded");
      const { id } = intentsOf(asked.order_id)[0] ?? {};
      expect(stripe.refunds.filter(({ payment_intent }) => payment_intent === id)).toMatchObject([{ amount: 500 }]);
      expect(new Set(keysOf("refunds").filter((key) => key.startsWith(made?.id ?? "?"))).size).toBe(keys);
      expect((await ledger(asked.payment_id)).provider).toBe(1001);
    });
  }

  it("goes through as many keys as Stripe keeps errors under", async () => {
    const asked = card();
    await authorize(asked);
    for (let errors = 0; errors < 3; errors++) stripe.fail("capture", "error");
    await capture(asked.payment_id);
    await becomes(asked.payment_id, "captured");
    const keys = keysOf(`${intentsOf(asked.order_id)[0]?.id}/capture`);
    expect([...new Set(keys)]).toEqual([keys[0], ...[1, 2, 3].map((next) => `${keys[0]}#${next}`)]);
    expect((await ledger(asked.payment_id)).provider).toBe(1501);
  });

  it("refunds once when the answer is lost on its way back", async () => {
    const asked = card();
    await authorize(asked);
    await capture(asked.payment_id);
    stripe.fail("refunds", "lost");
    const amount = { amount: 500, currency: "USD" };
    expect((await refund(asked.payment_id, { amount })).refund?.status).toBe("pending");
    await becomes(asked.payment_id, "partially_refunded");
    const [intent] = intentsOf(asked.order_id);
    expect(stripe.refunds.filter(({ payment_intent }) => payment_intent === intent?.id)).toMatchObject([{
      amount: 500,
    }]);
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1001, store: -1001 });
  });

  it("follows a refund that Stripe carries out later, and one that fails later", async () => {
    for (const [end, status, left] of [["succeeded", "refunded", 0], ["failed", "captured", 1501]] as const) {
      const asked = card();
      await authorize(asked);
      await capture(asked.payment_id);
      stripe.refund_status = "pending";
      const made = (await refund(asked.payment_id)).refund;
      stripe.refund_status = "succeeded";
      expect(made?.status).toBe("pending");
      const theirs = stripe.refunds.find(({ metadata }) => metadata?.nano_refund === made?.id);
      if (!theirs) throw new Error("Stripe has no such refund.");
      theirs.status = end;
      await deliver(stripeEvent(end === "failed" ? "refund.failed" : "refund.updated", theirs));
      await eventually(async () => {
        const { data } = await as(SYSTEM, () => client.listRefunds({ payment_id: asked.payment_id }));
        return data[0]?.status === end ? data : undefined;
      });
      await becomes(asked.payment_id, status);
      expect((await ledger(asked.payment_id)).provider).toBe(left);
    }
  });

  after(() => setCapture("automatic"));
});

describe("an order that is off before Stripe was asked to charge", () => {
  it("has its intent cancelled, so that nothing can charge it any more", async () => {
    const asked = card();
    stripe.fail("confirm", "lost");
    expect((await authorize(asked)).status).toBe("unknown");
    const { id } = intentsOf(asked.order_id)[0] ?? {};
    await database.owner.query(
      "update payment.payments set cancel_requested = true, asked_time = now() - interval '61 seconds' where id = $1",
      [asked.payment_id],
    );
    await as(SYSTEM, () => jobs.resolve_payment?.({ payment_id: asked.payment_id }) ?? Promise.resolve());
    await becomes(asked.payment_id, "voided");
    expect(stripe.intents.get(id ?? newId())?.status).toBe("canceled");
  });
});
