import { delay } from "../../shop/children.ts";
import { Client, Tally, type Who } from "../client.ts";
import type { Fault, Trial } from "../trial.ts";

/** Browses while something else hangs: that must go on as ever. Gives what it saw. */
async function browse(trial: Trial, milliseconds: number): Promise<Tally> {
  const tally = new Tally();
  const client = new Client(trial.world.gateway, trial.client.store, tally);
  for (const end = Date.now() + milliseconds; Date.now() < end; await delay(50)) {
    await client.send({}, "GET", "/products?limit=5");
    await client.send({}, "GET", "/stores");
  }
  return tally;
}

const STORM_MS = 5_000;
/** Of retries, as services/shared/grpc.ts has them. */
const TOKENS = 10;

/** A leaf that is away for a moment, now and then: every request is tried again, and no client hears of it. Gives their number. */
async function blips(trial: Trial, client: Client, guests: { who: Who }[]): Promise<number> {
  let [asked, arrived] = [0, 0];
  for (const { who } of guests.slice(0, 3)) {
    await trial.world.arm("product", "product.get_offers=unavailable*1");
    const { status } = await client.send(who, "GET", "/cart");
    asked++;
    trial.expect(status === 200, `a cart was answered ${status} while the leaf was away for a moment`);
    arrived += (await trial.world.hits("product"))["product.get_offers"] ?? 0;
  }
  trial.notes.push(`${asked} requests at blips became ${arrived} calls`);
  trial.expect(
    arrived === asked * 2,
    `${asked} requests at blips became ${arrived} calls of the leaf, not ${asked * 2}`,
  );
  return asked;
}

const IDLE_MS = 5 * 60_000 + 5_000;

/** Neighbours that sleep, blink or come back. */
export const NEIGHBOURS: readonly Fault[] = [
  {
    number: 32,
    title: "a leaf that sleeps 60 s",
    async run(trial) {
      await trial.load({ shoppers: 8, seconds: 4, users: 0 }, async () => {
        await trial.world.arm("product", "product.reserve_stock=sleep:60000*4");
        const others = await browse(trial, 4_000);
        // These wake within the trial, after their requests are long over.
        await trial.world.arm("product", "product.reserve_stock=sleep:13000,product.commit_stock=sleep:13000");
        const more = await browse(trial, 8_000);
        for (const { serverErrors, slowest } of [others, more]) {
          trial.expect(serverErrors.length === 0, `others got ${serverErrors.slice(0, 3).join("; ")}`);
          trial.expect(slowest < 2_500, `others waited ${Math.round(slowest)} ms`);
        }
        await trial.world.arm("product", "on");
      });
      trial.expectInTime();
      trial.expectNo500();
      await delay(5_000);
    },
  },
  {
    number: 33,
    title: "a retry storm",
    async run(trial) {
      const tally = new Tally();
      const client = new Client(trial.world.gateway, trial.client.store, tally);
      const guests = await Promise.all(Array.from({ length: 40 }, () => trial.shopper()));
      for (const guest of guests) await guest.add(trial.shelves[0]?.variant_id ?? "", 1);
      const blipped = await blips(trial, client, guests);
      await trial.world.arm("product", "product.get_offers=unavailable");
      // Forty clients who ask again at once whenever they are refused.
      const end = Date.now() + STORM_MS;
      await Promise.all(guests.map(async ({ who }) => {
        while (Date.now() < end) await client.send(who, "GET", "/cart");
      }));
      const asked = tally.operations - blipped;
      const arrived = (await trial.world.hits("product"))["product.get_offers"] ?? 0;
      trial.notes.push(`in the storm ${asked} requests became ${arrived} calls`);
      // So many tokens the caller has at most: once half of them are spent it tries nothing again.
      trial.expect(arrived <= asked + TOKENS, `${asked} requests became ${arrived} calls of the leaf`);
      await trial.world.arm("product", "on");
      await delay(1_000);
      const after = new Tally();
      const calm = new Client(trial.world.gateway, trial.client.store, after);
      for (const { who } of guests) await calm.send(who, "GET", "/cart");
      trial.expect(after.serverErrors.length === 0, `a second later: ${after.serverErrors.slice(0, 3).join("; ")}`);

      // A leaf that is gone is not knocked at without end either.
      const door = trial.world.neighbour("payment");
      const before = door.connections;
      await trial.load({ shoppers: 20, seconds: 4, users: 0 }, async () => {
        door.refuse();
        await delay(4_000);
        door.pass();
      });
      const knocks = door.connections - before;
      trial.notes.push(`${knocks} connections in 4 s`);
      trial.expect(knocks < 100, `${knocks} connections were tried in 4 s`);
      trial.expectInTime();
      trial.expectNo500();
    },
  },
  {
    number: 37,
    title: "idle 5 min, then a backend restarts",
    isIdle: true,
    async run(trial) {
      await trial.load({ shoppers: 4, seconds: 2, users: 0 }, () => Promise.resolve());
      await delay(IDLE_MS);
      trial.world.restart("product");
      trial.world.kill("order");
      trial.world.neighbour("payment").cut();
      await delay(300);
      await trial.world.ready();
      await delay(1_200);
      await trial.load({ shoppers: 6, seconds: 4, users: 0 }, () => Promise.resolve());
      trial.expectNoServerErrors();
    },
  },
];
