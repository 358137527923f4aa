import { delay } from "../../shop/children.ts";
import type { Fault, Trial } from "../trial.ts";

/** Orders one thing each and pays with a token; gives the orders. */
async function buyers(trial: Trial, count: number, token: string) {
  return await Promise.all(Array.from({ length: count }, async () => {
    const shopper = await trial.shopper();
    await shopper.add(trial.random.pick(trial.shelves.slice(0, 3)).variant_id, 1);
    const order = await shopper.order();
    if (!order) throw new Error("Cannot pay as there must be an order.");
    await shopper.pay(order, token);
    return { shopper, order };
  }));
}

/** Each of these orders was charged exactly once and is paid. */
async function expectPaidOnce(trial: Trial, orders: { order: { id: string; total: number } }[]): Promise<void> {
  for (const { order } of orders) {
    const [row] = await trial.query(
      `select o.status, o.payment_status, (select count(*) from payment.test_charges c
         where c.key like o.id || ':%' and c.status = 'captured')::int as charges,
         (select sum(captured_amount) from payment.test_charges c where c.key like o.id || ':%')::int as charged
       from "order".orders o where o.id = $1`,
      [order.id],
    );
    trial.expect(
      row?.status === "paid" && row.payment_status === "paid" && row.charges === 1 && row.charged === order.total,
      `order ${order.id} of ${order.total} ended ${JSON.stringify(row)}`,
    );
  }
}

/** Lets time pass until these orders are paid, at most so many seconds of it. */
async function untilPaid(trial: Trial, orders: { order: { id: string } }[], seconds: number): Promise<void> {
  const ids = orders.map(({ order }) => order.id);
  for (let passed = 0; passed < seconds; passed += 10) {
    const rows = await trial.query(`select from "order".orders where id = any($1) and status = 'pending_payment'`, [
      ids,
    ]);
    if (rows.length === 0) return;
    await trial.passTime(10);
    await delay(500);
  }
}

/** Payment providers that are slow, silent or wrong. */
export const PROVIDERS: readonly Fault[] = [
  {
    number: 9,
    title: "slow provider",
    async run(trial) {
      await trial.load({ shoppers: 6, seconds: 3, users: 0 }, async () => {
        const orders = await buyers(trial, 6, "tok_slow");
        await untilPaid(trial, orders, 120);
        await expectPaidOnce(trial, orders);
        // One that is cancelled while the provider thinks is paid back when it says yes.
        const [late] = await buyers(trial, 1, "tok_slow");
        if (late) await late.shopper.cancel(late.order);
      });
      trial.expectNoServerErrors();
      trial.expectInTime();
    },
  },
  {
    number: 10,
    title: "provider times out after charging",
    async run(trial) {
      await trial.load({ shoppers: 6, seconds: 3, users: 0 }, async () => {
        const orders = await buyers(trial, 8, "tok_timeout_after_charge");
        await untilPaid(trial, orders, 120);
        await expectPaidOnce(trial, orders);
      });
      trial.expectNoServerErrors();
      trial.expectInTime();
    },
  },
  {
    number: 11,
    title: "provider 500, decline, garbage",
    async run(trial) {
      await trial.load(
        { shoppers: 8, seconds: 5, tokens: ["tok_error", "tok_declined", "tok_nonsense", "tok_ok"] },
        async () => {
          await buyers(trial, 3, "tok_error");
          // What the provider's library throws when it can't make sense of an answer.
          await trial.world.arm("payment", "payment.provider=error*10");
          const orders = await buyers(trial, 4, "tok_ok");
          await untilPaid(trial, orders, 120);
          await expectPaidOnce(trial, orders);
        },
      );
      trial.expectNoServerErrors();
    },
  },
];
