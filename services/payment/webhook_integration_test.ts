import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { ANONYMOUS } from "../shared/context.ts";
import { newId } from "../shared/ids.ts";
import { TEST_WEBHOOK_SECRET } from "./providers/test.ts";
import {
  as,
  authorize,
  becomes,
  charges,
  client,
  database,
  eventually,
  ledger,
  paid,
  refund,
  refusal,
  request,
  setCapture,
  startPayment,
  stopPayment,
} from "./testing.ts";
import { TOLERANCE_S } from "./webhook_signature.ts";
import { signatureHeader } from "./webhook_signature_testing.ts";

/** The charges that were looked up. */
const looked: string[] = [];

before(() =>
  startPayment({
    faults: (real) => ({
      lookUp: (charge, signal) => {
        looked.push(charge.key);
        return real.lookUp(charge, signal);
      },
    }),
  })
);
after(stopPayment);

/** Delivers an event as the test provider does: nobody is signed in. */
function deliver(event: unknown, more: { secret?: string; seconds?: number; header?: string; provider?: string } = {}) {
  const { secret = TEST_WEBHOOK_SECRET, seconds = Math.floor(Date.now() / 1000), provider = "test" } = more;
  const body = new TextEncoder().encode(typeof event === "string" ? event : JSON.stringify(event));
  const headers = { "test-signature": more.header ?? signatureHeader(body, secret, seconds) };
  return as(ANONYMOUS, () => client.receiveWebhook({ provider, headers, body }));
}

const about = (order_id: string, type = "charge.updated") => ({
  id: `evt_${newId()}`,
  type,
  charge_key: `${order_id}:authorize:1`,
});

const rows = async (id: string) =>
  (await database.owner.query("select * from payment.webhook_events where event_id = $1", [id])).rows;

const processed = (id: string) => eventually(async () => (await rows(id)).find((row) => row.process_time !== null));

describe("a webhook", () => {
  it("settles a payment whose answer never came", async () => {
    const asked = request("tok_timeout_after_charge");
    expect((await authorize(asked, 1_500)).status).toBe("unknown");
    const event = about(asked.order_id);
    await deliver(event);
    expect((await processed(event.id)).outcome).toBe("settled");
    await becomes(asked.payment_id, "captured");
    expect(await ledger(asked.payment_id)).toEqual({ provider: 1501, store: -1501 });
  });

  it("is stored once and has its effect once, however often and however reordered it comes", async () => {
    await setCapture("manual");
    const { id, order_id } = await authorize(request("tok_ok"));
    await setCapture("automatic");
    // Captured by somebody at the provider.
    await database.owner.query(
      "update payment.test_charges set status = 'captured', captured_amount = 1400 where key like $1",
      [`${order_id}:%`],
    );
    const [authorized, captured] = [about(order_id, "charge.authorized"), about(order_id, "charge.captured")];
    await Promise.all([captured, authorized, captured, captured, authorized].map((event) => deliver(event)));
    for (const event of [authorized, captured]) {
      await processed(event.id);
      expect(await rows(event.id)).toHaveLength(1);
    }
    await becomes(id, "captured");
    expect(await ledger(id)).toEqual({ provider: 1400, store: -1400 });
    await deliver(captured);
    expect(await rows(captured.id)).toHaveLength(1);
    // What was added before this one has been done when it is.
    const last = about(order_id);
    await deliver(last);
    await processed(last.id);
    expect(looked.filter((key) => key === last.charge_key)).toHaveLength(3);
  });

  it("that comes late, after the money went back, changes nothing", async () => {
    const payment = await paid();
    await refund(payment.id);
    const event = about(payment.order_id, "charge.captured");
    await deliver(event);
    await processed(event.id);
    await becomes(payment.id, "refunded");
    expect(await ledger(payment.id)).toEqual({ provider: 0, store: 0 });
  });

  it("never charges: of an intent of which the provider has not heard, it leaves the job to ask", async () => {
    const asked = request("tok_ok");
    await database.owner.query(
      `insert into payment.payments (id, order_id, store_id, attempt, method, currency, amount, provider_key, token)
       values ($1, $2::uuid, $3, 1, 'test', 'USD', 1501, $2::uuid || ':authorize:1', 'tok_ok')`,
      [asked.payment_id, asked.order_id, asked.store_id],
    );
    const event = about(asked.order_id);
    await deliver(event);
    await processed(event.id);
    expect(await charges(asked.order_id)).toEqual([]);
  });

  it("about nothing of ours is ignored", async () => {
    for (const charge_key of [`${newId()}:authorize:1`, "of another system", undefined]) {
      const event = { id: `evt_${newId()}`, type: "charge.updated", charge_key, refund_key: "no id" };
      await deliver(event);
      expect((await processed(event.id)).outcome).toBe("ignored");
    }
  });

  const now = Math.floor(Date.now() / 1000);
  const forged: [name: string, more: Parameters<typeof deliver>[1], event?: unknown][] = [
    ["signed by another", { secret: "whsec_other" }],
    ["not signed", { header: "" }],
    ["stale", { seconds: now - TOLERANCE_S - 5 }],
    ["from the future", { seconds: now + TOLERANCE_S + 60 }],
    ["of no JSON", {}, "{"],
    ["of no object", {}, "[]"],
    ["without an id", {}, { type: "x" }],
    ["with an empty id", {}, { id: "", type: "x" }],
    ["with an id of 256 characters", {}, { id: "x".repeat(256), type: "x" }],
    ["with a NUL in it", {}, { id: "x\0", type: "x" }],
  ];
  for (const [name, more, event] of forged) {
    it(`${name} is refused, without a word on why`, async () => {
      const { order_id } = await paid();
      const sent = event ?? about(order_id);
      const { kind, code, message } = await refusal(deliver(sent, more));
      expect([kind, code, message]).toEqual(["invalid", "invalid_webhook", "The webhook is not valid."]);
      const id = (sent as { id?: string }).id ?? "";
      if (id && !id.includes("\0")) expect(await rows(id)).toEqual([]);
    });
  }

  for (const provider of ["manual", "paypal", ""]) {
    it(`of provider "${provider}", which sends none, is 404`, async () => {
      expect((await refusal(deliver(about(newId()), { provider }))).code).toBe("provider_not_found");
    });
  }
});
