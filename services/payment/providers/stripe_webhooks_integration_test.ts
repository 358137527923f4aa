import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { SYSTEM } from "../../shared/context.ts";
import {
  as,
  authorize,
  becomes,
  client,
  database,
  eventually,
  ledger,
  refund,
  refusal,
  reports,
  setCapture,
} from "../testing.ts";
import { signatureHeader } from "../webhook_signature_testing.ts";
import { newRefund, stripeEvent, type StripeServer } from "./stripe_server_testing.ts";
import { card, deliver, intentsFor, startStripe, stopStripe, WEBHOOK_SECRET } from "./stripe_testing.ts";

let stripe: StripeServer;
before(async () => {
  stripe = await startStripe();
});
after(() => stopStripe(stripe));

describe("Stripe's webhooks", () => {
  it("tell of a capture made in Stripe's dashboard", async () => {
    await setCapture("manual");
    const asked = card();
    await authorize(asked);
    await setCapture("automatic");
    const [intent] = intentsFor(stripe, asked.order_id);
    if (!intent) throw new Error("Stripe has no such intent.");
    Object.assign(intent, { status: "succeeded", amount_received: 1400 });
    await deliver(stripeEvent("payment_intent.succeeded", intent));
    await becomes(asked.payment_id, "captured");
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1400, store: -1400 });
  });

  it("are not believed: a forged state, though signed, changes nothing that Stripe does not confirm", async () => {
    const asked = card("pm_card_visa");
    await authorize(asked);
    const [intent] = intentsFor(stripe, asked.order_id);
    if (!intent) throw new Error("Stripe has no such intent.");
    const event = stripeEvent("payment_intent.canceled", { ...intent, status: "canceled" });
    await deliver(event);
    await eventually(() => processed(event.id));
    expect((await as(SYSTEM, () => client.getPayment({ id: asked.payment_id }))).status).toBe("captured");
  });

  it("of other systems on the same account, and of no interest, do nothing", async () => {
    await authorize(card());
    const [intent] = stripe.intents.values();
    if (!intent) throw new Error("Stripe has no intent.");
    const foreign = stripeEvent("payment_intent.succeeded", { ...intent, id: "pi_foreign", metadata: {} });
    await deliver(foreign);
    expect((await eventually(() => processed(foreign.id))).outcome).toBe("ignored");
    const created = stripeEvent("payment_intent.created", intent);
    await deliver(created);
    expect(await stored(created.id)).toBe(undefined);
  });

  it("of a refunded charge, in any order and twice, leave what is", async () => {
    const asked = card();
    await authorize(asked);
    await refund(asked.payment_id);
    const [intent] = intentsFor(stripe, asked.order_id);
    if (!intent) throw new Error("Stripe has no such intent.");
    const refunded = stripeEvent("charge.refunded", {
      id: "ch_1",
      object: "charge",
      payment_intent: intent.id,
      metadata: {},
    });
    const events = [refunded, stripeEvent("payment_intent.succeeded", intent), refunded];
    for (const event of events) await deliver(event);
    for (const event of events) await eventually(() => processed(event.id));
    await becomes(asked.payment_id, "refunded");
    expect(await ledger(asked.payment_id)).toEqual({ provider: 0, store: 0 });
  });

  it("tell of a refund given in Stripe's dashboard, which is entered once, in part and then whole", async () => {
    const asked = card();
    await authorize(asked);
    const [intent] = intentsFor(stripe, asked.order_id);
    if (!intent) throw new Error("Stripe has no such intent.");
    for (const [amount, status, left] of [[501, "partially_refunded", 1000], [1000, "refunded", 0]] as const) {
      const given = newRefund(intent, amount, {}, "succeeded");
      stripe.refunds.push(given);
      const events = [stripeEvent("refund.updated", given), stripeEvent("refund.updated", given)];
      await Promise.all(events.map((event) => deliver(event)));
      for (const event of events) await eventually(() => processed(event.id));
      await becomes(asked.payment_id, status);
      expect((await ledger(asked.payment_id)).provider).toBe(left);
    }
    const { data } = await as(SYSTEM, () => client.listRefunds({ payment_id: asked.payment_id }));
    expect(data.map(({ amount, status, reason }) => [amount?.amount, status, reason])).toEqual([
      [501, "succeeded", "Refunded at the provider."],
      [1000, "succeeded", "Refunded at the provider."],
    ]);
    await eventually(() =>
      reports.find(({ payment, refund }) => payment?.id === asked.payment_id && refund?.amount?.amount === 501)
    );
  });

  it("are refused with one code for a forged, a stale and a malformed one", async () => {
    await authorize(card());
    const [intent] = stripe.intents.values();
    if (!intent) throw new Error("Stripe has no intent.");
    const event = stripeEvent("payment_intent.succeeded", intent);
    const body = new TextEncoder().encode(JSON.stringify(event));
    const old = Math.floor(Date.now() / 1000) - 301;
    for (
      const header of ["t=1,v1=00", signatureHeader(body, "whsec_other"), signatureHeader(body, WEBHOOK_SECRET, old)]
    ) {
      expect((await refusal(deliver(event, header))).code).toBe("invalid_webhook");
    }
    expect((await refusal(deliver({ id: "evt_x" }))).code).toBe("invalid_webhook");
    expect(await stored(event.id)).toBe(undefined);
  });
});

async function stored(id: string) {
  const { rows } = await database.owner.query("select * from payment.webhook_events where event_id = $1", [id]);
  return rows[0];
}

async function processed(id: string) {
  const row = await stored(id);
  return row?.process_time ? row : undefined;
}
