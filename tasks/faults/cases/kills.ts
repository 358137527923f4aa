import type { ProcessName } from "../../processes.ts";
import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

/** Every step of the saga at which the order service may die. */
export const ORDER_STEPS = [
  "order.after_begin",
  "order.after_take_cart",
  "order.after_reserve",
  "order.after_close_cart",
  "order.after_open",
  "order.after_intend",
  "order.after_authorize",
  "order.after_record",
  "order.before_commit",
  "order.after_commit",
  "order.after_follow",
  "order.after_cancel",
  "order.after_cancel_payments",
  "order.before_return",
  "order.before_release",
  "order.after_release",
];

/** Every step at which the payment service may die: before the provider is asked, and after it said yes. */
export const PAYMENT_STEPS = [
  "payment.after_charge",
  "payment.after_intent",
  "payment.before_refund",
  "payment.after_refund",
  "payment.after_cancel_mark",
];

/** At so many of them in the tests. */
const QUICK = 2;

/** Has somebody pass a step for sure: an order is placed, paid unless stock is to be released, and undone. */
async function provoke(trial: Trial, step: string): Promise<void> {
  const shopper = await trial.shopper();
  await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
  const order = await shopper.order();
  if (order && !step.endsWith("_release")) await shopper.pay(order, "tok_ok");
  if (!order || shopper.isStuck) return;
  if (step.endsWith("_refund") && order.paid) await shopper.refund(order);
  else await shopper.cancel(order);
}

/** Kills a process at each of these steps in turn, while people shop. */
async function killAt(trial: Trial, process: ProcessName, all: readonly string[]): Promise<void> {
  const { world, random } = trial;
  const steps = trial.quick ? all.toSorted(() => random.next() - 0.5).slice(0, QUICK) : all;
  const missed: string[] = [];
  const provoking: Promise<void>[] = [];
  for (const step of steps) {
    const { deaths } = world.shop.process(process);
    await world.arm(process, `${step}=kill`);
    let died = false;
    // The first may be held up by what the death before left behind.
    for (let time = 0; time < 3 && !died; time++) {
      provoking.push(provoke(trial, step));
      died = await world.died(process, deaths, 6_000);
    }
    if (!died) missed.push(step);
    await world.ready();
    // Until its callers have found it again.
    await delay(500);
  }
  // At any moment. When it comes back, the jobs that its dead selves held are long overdue.
  world.kill(process);
  await trial.passTime(80);
  await Promise.all(provoking);
  const deaths = steps.length + 1 - missed.length;
  trial.notes.push(`${deaths} deaths`);
  trial.expect(missed.length === 0, `nobody died at ${missed.join(", ")}: it is not passed any more`);
}

export const KILLS: readonly Fault[] = [
  {
    number: 1,
    title: "kill -9 of order at every saga step",
    async run(trial) {
      await trial.load({ shoppers: 12, seconds: 5 }, async () => {
        await killAt(trial, "order", ORDER_STEPS);
      });
    },
  },
  {
    number: 2,
    title: "kill -9 of payment after the provider said yes",
    async run(trial) {
      await trial.load({ shoppers: 12, seconds: 5 }, async () => {
        await killAt(trial, "payment", PAYMENT_STEPS);
      });
    },
  },
];
