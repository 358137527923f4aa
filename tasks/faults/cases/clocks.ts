import type { ProcessName } from "../../processes.ts";
import type { Fault } from "../trial.ts";

/** By how many seconds each clock is wrong: tokens have a leeway of 30 s, the rest must not care at all. */
const SKEWS: readonly [ProcessName, number][] = [
  ["order", 600],
  ["payment", -600],
  ["product", 3600],
  ["cart", -3600],
  ["store", 600],
  ["user", 12],
  ["gateway", -12],
];

/** Clocks that differ. */
export const CLOCKS: readonly Fault[] = [
  {
    number: 14,
    title: "clock skew",
    async run(trial) {
      for (const [process, seconds] of SKEWS) await trial.world.arm(process, `clock=skew:${seconds * 1000}`);
      await trial.load({ shoppers: 10, seconds: 5 }, async () => {
        const shopper = await trial.shopper({ tokens: ["tok_slow"] });
        await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
        const order = await shopper.order();
        if (!order) throw new Error("Cannot go on without an order.");
        const [row] = await trial.query(
          `select extract(epoch from expire_time - now())::float as left from "order".orders where id = $1`,
          [order.id],
        );
        trial.expect(row.left > 890 && row.left <= 900, `an order is held for ${row.left} s instead of 15 minutes`);
      });
      trial.expectNoServerErrors();
      const unauthorized = trial.tally.statuses.get(401) ?? 0;
      trial.expect(unauthorized === 0, `${unauthorized} answers of 401`);
    },
  },
];
