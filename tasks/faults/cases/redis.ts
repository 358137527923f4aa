import { delay } from "../../shop/children.ts";
import type { Client } from "../client.ts";
import type { Fault, Trial } from "../trial.ts";

/** Somebody who signs out before Redis goes, and somebody who does while it is away: both stay signed out. */
async function sessions(trial: Trial) {
  const { client } = trial;
  const [early, late, never] = await Promise.all(
    ["early", "late", "never"].map((name) =>
      trial.register(`${name}-${trial.seed}-${crypto.randomUUID().slice(0, 8)}`)
    ),
  );
  if (!early || !late || !never) throw new Error("Cannot go on without accounts.");
  await mustBe(trial, client, early.bearer, 200, "before");
  await client.send(early, "POST", "/auth/logout");
  return {
    check: async (when: string) => {
      await mustBe(trial, client, early.bearer, 401, `${when}, signed out before`);
      await mustBe(trial, client, never.bearer, 200, `${when}, signed in`);
    },
    signOutLate: async () => {
      await client.send(late, "POST", "/auth/logout");
      await mustBe(trial, client, late.bearer, 401, "right after signing out");
    },
    checkLate: (when: string) => mustBe(trial, client, late.bearer, 401, `${when}, signed out meanwhile`),
  };
}

async function mustBe(trial: Trial, client: Client, bearer: string, status: number, when: string): Promise<void> {
  const answer = await client.send({ bearer }, "GET", "/users/me");
  trial.expect(answer.status === status, `a session ${when} answers ${answer.status} instead of ${status}`);
}

/** Redis gone or emptied. */
export const REDIS: readonly Fault[] = [
  {
    number: 3,
    title: "Redis gone",
    async run(trial) {
      const people = await sessions(trial);
      await trial.load({ shoppers: 10, seconds: 5 }, async () => {
        trial.world.redis.refuse();
        await people.check("without Redis");
        await people.signOutLate();
        await delay(1500);
        trial.world.redis.pass();
        await delay(1200);
        trial.world.redis.freeze();
        await people.check("with Redis silent");
        await delay(800);
        trial.world.redis.pass();
      });
      await delay(500);
      await people.check("with Redis back");
      await people.checkLate("with Redis back");
      trial.expectNoServerErrors();
    },
  },
  {
    number: 4,
    title: "Redis flushed every second",
    async run(trial) {
      const people = await sessions(trial);
      await trial.load({ shoppers: 10, seconds: 6 }, async () => {
        await people.signOutLate();
        for (let time = 0; time < 5; time++) {
          await trial.world.cache.flushall();
          await people.check(`after flush ${time + 1}`);
          await people.checkLate(`after flush ${time + 1}`);
          await delay(1000);
        }
      });
      trial.expectNoServerErrors();
    },
  },
];
