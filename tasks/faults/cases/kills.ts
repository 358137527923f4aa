import type { ProcessName } from "../../processes.ts";
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

/** Kills a process at each of these steps in turn, while people shop. */
async function killAt(trial: Trial, process: ProcessName, steps: readonly string[], again = 1): Promise<void> {
  const missed: string[] = [];
  for (const step of steps) {
    for (let time = 0; time < again; time++) {
      const { deaths } = trial.world.shop.process(process);
      await trial.world.arm(process, `${step}=kill`);
      if (!await trial.world.died(process, deaths, 6_000)) missed.push(step);
      await trial.world.ready();
    }
  }
  trial.notes.push(
    `${steps.length * again - missed.length} deaths${missed.length ? `, not at ${missed.join(", ")}` : ""}`,
  );
}

export const KILLS: readonly Fault[] = [
  {
    number: 1,
    title: "kill -9 of order at every saga step",
    async run(trial) {
      await trial.load({ shoppers: 12, seconds: 5 }, async () => {
        await killAt(trial, "order", ORDER_STEPS);
        trial.world.kill("order");
      });
    },
  },
  {
    number: 2,
    title: "kill -9 of payment after the provider said yes",
    async run(trial) {
      await trial.load({ shoppers: 12, seconds: 5 }, async () => {
        await killAt(trial, "payment", PAYMENT_STEPS);
        trial.world.kill("payment");
      });
    },
  },
];
