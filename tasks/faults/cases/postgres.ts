import { delay } from "../../shop/children.ts";
import type { Fault } from "../trial.ts";

/** PostgreSQL gone, frozen, slow or full. */
export const POSTGRES: readonly Fault[] = [
  {
    number: 5,
    title: "PostgreSQL restarted (immediate) under load",
    async run(trial) {
      await trial.load({ shoppers: 12, seconds: 6 }, async () => {
        for (let time = 0; time < 2; time++) {
          trial.world.crashPostgres();
          await delay(2500);
        }
      });
      await trial.world.ready();
      trial.expectNo500();
      trial.expectInTime();
    },
  },
  {
    number: 6,
    title: "PostgreSQL frozen, then slowed by 3 s",
    async run(trial) {
      // A commit that is on its way when the deadline passes takes as long as the network.
      await trial.load({ shoppers: 10, seconds: 6, settled: 16_000 }, async () => {
        trial.world.postgres.freeze();
        await delay(4000);
        trial.world.postgres.pass();
        await delay(1500);
        trial.world.postgres.delay(3000);
        await delay(5000);
        trial.world.postgres.pass();
      });
      trial.expectInTime();
    },
  },
  {
    number: 7,
    title: "the pool is exhausted",
    async run(trial) {
      await trial.load({ shoppers: 60, seconds: 5, users: 0 }, async () => {
        const client = await trial.world.owner.connect();
        try {
          for (let time = 0; time < 2; time++) {
            await client.query(
              `begin; lock table "order".orders, product.variants, cart.carts in access exclusive mode`,
            );
            await delay(2000);
            await client.query("rollback");
            await delay(700);
          }
        } finally {
          client.release();
        }
      });
      trial.expectInTime();
      trial.expectNo500();
    },
  },
  {
    number: 8,
    title: "deadlocks",
    async run(trial) {
      const [before] = await trial.query("select deadlocks from pg_stat_database where datname = current_database()");
      // Found at once, before the wait for the lock is over.
      await trial.world.setPostgres("deadlock_timeout", "20ms");
      await trial.load({ shoppers: 12, seconds: 6, users: 0 }, async () => {
        const ids = trial.shelves.map(({ variant_id }) => variant_id).sort().reverse();
        const client = await trial.world.owner.connect();
        try {
          for (const end = Date.now() + 5000; Date.now() < end;) {
            await client.query("begin");
            try {
              // Against the order in which everybody else takes them.
              for (const id of ids) {
                await client.query("select from product.variants where id = $1 for update", [id]);
                await delay(15);
              }
            } catch {
              // The deadlock's victim was this one.
            }
            await client.query("rollback");
            await delay(20);
          }
        } finally {
          client.release();
        }
      });
      await trial.world.setPostgres("deadlock_timeout", "1s");
      await delay(1100);
      const [after] = await trial.query("select deadlocks from pg_stat_database where datname = current_database()");
      const deadlocks = after.deadlocks - before.deadlocks;
      trial.notes.push(`${deadlocks} deadlocks`);
      trial.expect(deadlocks > 0, "there was no deadlock");
      trial.expectNoServerErrors();
    },
  },
];
