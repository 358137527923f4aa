import type { ProcessName } from "../../processes.ts";
import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

/** Every step of the saga at which the order service may die. */
const ORDER_STEPS = [
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
  "order.after_expire",
  "order.after_forget",
];

/** Every step at which the payment service may die: before the provider is asked, and after it said yes. */
const PAYMENT_STEPS = [
  "payment.after_charge",
  "payment.after_intent",
  "payment.before_refund",
  "payment.after_refund",
  "payment.after_cancel_mark",
  "payment.before_capture",
  "payment.after_capture",
  "payment.before_void",
  "payment.after_void",
];

/** At so many of them in the tests. */
const QUICK = 2;

/** Has somebody pass a step for sure: an order is placed, paid unless stock is to be released, and undone. */
async function provoke(trial: Trial, step: string): Promise<void> {
  if (step === "order.after_forget") return await provokeRefusal(trial);
  const shopper = await trial.shopper();
  await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
  const order = await shopper.order();
  if (order && step === "order.after_expire") return await expire(trial, order.id);
  if (order && /_(capture|void)$/.test(step)) {
    await shopper.pay(order, "manual");
    if (order.paid && !shopper.isStuck) await shopper.operate(order, step.endsWith("_void") ? "void" : "capture");
    return;
  }
  if (order && !step.endsWith("_release")) await shopper.pay(order, "tok_ok");
  if (!order || shopper.isStuck) return;
  if (step.endsWith("_refund") && order.paid) await shopper.refund(order);
  else await shopper.cancel(order);
}

/** Has a checkout be refused after it took its cart: the last unit goes between its look at the shelf and its hold. */
async function provokeRefusal(trial: Trial): Promise<void> {
  const product = await trial.call("POST", "/products", {
    name: "The last one",
    sku: `LAST-${crypto.randomUUID().slice(0, 8)}`,
    price: 500,
    stock: 1,
  });
  const id = product.variants[0]?.id ?? "";
  const shopper = await trial.shopper();
  await shopper.add(id, 1);
  await trial.world.arm("product", "product.reserve_stock=sleep:700");
  const ordering = shopper.order();
  await delay(350);
  await trial.call("POST", `/variants/${id}/stock`, { delta: -1, reason: "broken" });
  await ordering;
  await trial.world.arm("product", "on");
}

/** Lets the hold of an order end at once. */
async function expire(trial: Trial, order_id: string): Promise<void> {
  await trial.query(`update "order".orders set expire_time = now() where id = $1`, [order_id]);
  await trial.query("update order_jobs._private_jobs set run_at = now() where key = $1 and locked_at is null", [
    `expire_order:${order_id}`,
  ]);
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

/** Processes that die in the middle of a checkout. */
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
