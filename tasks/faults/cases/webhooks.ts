import { createHmac } from "node:crypto";
import { TEST_WEBHOOK_SECRET } from "../../../services/payment/providers/test.ts";
import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

interface Delivery {
  /** Seconds by which the time it says is off. */
  late?: number;
  secret?: string;
  /** What is sent instead of what was signed. */
  sent?: string;
  header?: string;
}

/** Sends a webhook as the test provider does, or as somebody who would like to be it; gives the status. */
async function deliver(
  trial: Trial,
  event: unknown,
  { late = 0, secret = TEST_WEBHOOK_SECRET, sent, header }: Delivery = {},
) {
  const body = typeof event === "string" ? event : JSON.stringify(event);
  const seconds = Math.floor(Date.now() / 1000) - late;
  const v1 = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  const began = performance.now();
  const response = await fetch(`${trial.world.gateway}/payments/webhooks/test`, {
    method: "POST",
    headers: { "content-type": "application/json", "test-signature": header ?? `t=${seconds},v1=${v1}` },
    body: sent ?? body,
  });
  const text = await response.text();
  const answer = { status: response.status, body: text ? JSON.parse(text) : undefined, replayed: false };
  trial.tally.count({ ...answer, milliseconds: performance.now() - began }, "POST /payments/webhooks/test");
  return response.status;
}

const eventId = () => `evt_${crypto.randomUUID()}`;

async function charges(trial: Trial): Promise<string[]> {
  const ids = trial.acknowledged.orders.map(({ order_id }) => order_id);
  const rows = await trial.query("select provider_key from payment.payments where order_id = any($1)", [ids]);
  return rows.map(({ provider_key }) => provider_key);
}

/** An order that the provider has not decided on yet. */
async function undecided(trial: Trial) {
  const shopper = await trial.shopper();
  await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
  const order = await shopper.order();
  if (!order) throw new Error("Cannot go on without an order.");
  await shopper.pay(order, "tok_slow");
  return { shopper, order, event: { type: "charge.captured", charge_key: `${order.id}:authorize:1` } };
}

/** Providers' webhooks: twice, late, in disorder, forged. */
export const WEBHOOKS: readonly Fault[] = [
  {
    number: 12,
    title: "duplicate, reordered, late webhooks",
    async run(trial) {
      let sent = 0;
      const ids = new Set<string>();
      const send = async (event: object, times: number) => {
        const id = eventId();
        ids.add(id);
        const statuses = await Promise.all(Array.from({ length: times }, () => deliver(trial, { id, ...event })));
        sent += times;
        trial.expect(statuses.every((status) => status === 200), `a webhook was answered ${statuses.join(", ")}`);
      };
      await trial.load({ shoppers: 6, seconds: 3, users: 0 }, async () => {
        const [paid, late] = await Promise.all([undecided(trial), undecided(trial)]);
        // Too early: the provider has not decided. Then late, for an order that is off.
        await send(paid.event, 2);
        await late.shopper.cancel(late.order);
        await trial.passTime(31);
        await Promise.all([send(paid.event, 3), send(late.event, 3)]);
        const types = ["charge.captured", "charge.declined", "charge.voided", "refund.succeeded"];
        for (const charge_key of await charges(trial)) {
          const reordered = types.toSorted(() => trial.random.next() - 0.5);
          for (const type of reordered) await send({ type, charge_key }, trial.random.between(1, 3));
        }
        await send({ type: "charge.captured", charge_key: `${crypto.randomUUID()}:authorize:1` }, 2);
        await delay(500);
      });
      const rows = await trial.query(
        "select count(*)::int as stored, count(process_time)::int as processed from payment.webhook_events where event_id = any($1)",
        [[...ids]],
      );
      trial.notes.push(`${sent} webhooks of ${ids.size} events`);
      trial.expect(rows[0]?.stored === ids.size, `${rows[0]?.stored} events are stored instead of ${ids.size}`);
      trial.expectNoServerErrors();
    },
  },
  {
    number: 13,
    title: "forged and stale webhooks",
    async run(trial) {
      const [before] = await trial.query("select count(*)::int as stored from payment.webhook_events");
      await trial.load({ shoppers: 6, seconds: 3, users: 0 }, async () => {
        await delay(1000);
        const keys = await charges(trial);
        const event = () => ({ id: eventId(), type: "charge.captured", charge_key: keys[0] ?? "none" });
        const tries: [string, unknown, Delivery][] = [
          ["another secret", event(), { secret: "whsec_forged" }],
          ["no secret", event(), { secret: "" }],
          ["400 s old", event(), { late: 400 }],
          ["400 s early", event(), { late: -400 }],
          ["another body", event(), { sent: JSON.stringify(event()) }],
          ["one more space", { id: "evt_space", type: "x" }, { sent: '{"id":"evt_space", "type":"x"}' }],
          ["no signature", event(), { header: "" }],
          ["half a signature", event(), { header: `t=${Math.floor(Date.now() / 1000)}` }],
          ["a signature of nothing", event(), { header: `t=${Math.floor(Date.now() / 1000)},v1=` }],
          ["no number for a time", event(), { header: `t=NaN,v1=${"0".repeat(64)}` }],
          ["no JSON", "not json", {}],
          ["no id", { type: "charge.captured" }, {}],
        ];
        for (const [what, sent, how] of tries) {
          const status = await deliver(trial, sent, how);
          trial.expect(status === 400, `a webhook with ${what} was answered ${status} instead of 400`);
        }
      });
      const [after] = await trial.query("select count(*)::int as stored from payment.webhook_events");
      trial.expect(after.stored === before.stored, `${after.stored - before.stored} of them were stored`);
      trial.expectNoServerErrors();
    },
  },
];
