import { Client } from "../client.ts";
import { Fleet } from "../fleet.ts";
import type { Fault } from "../trial.ts";

/** Requests a second that shoppers keep up meanwhile: 50, and what pacing them may miss. */
const RATE = 56;

/** Processes replaced one by one. */
export const ROLLING: readonly Fault[] = [
  {
    number: 36,
    title: "rolling restart under load",
    async run(trial) {
      const fleet = await Fleet.start(trial.world);
      const usual = trial.client;
      try {
        trial.client = new Client(fleet.gateways, usual.store, trial.tally);
        let rate = 0;
        await trial.load({ shoppers: 48, seconds: 6, users: 0, rate: RATE }, async () => {
          const [began, before] = [Date.now(), trial.tally.operations];
          await fleet.roll();
          rate = (trial.tally.operations - before) / ((Date.now() - began) / 1000);
        });
        const failures = Map.groupBy(trial.tally.serverErrors, (error) => error.split(" ").slice(0, 4).join(" "));
        const most = [...failures].sort(([, a], [, b]) => b.length - a.length).slice(0, 4);
        trial.notes.push(`${rate.toFixed(0)} requests a second meanwhile (aimed at ${RATE})`);
        const unanswered = trial.tally.serverErrors.filter((error) => error.endsWith("unanswered")).length;
        trial.notes.push(`${unanswered} cut off without an answer`);
        trial.notes.push(`sent again: ${most.map(([what, { length }]) => `${length} × ${what}`).join(", ") || "none"}`);
        const stuck = trial.shoppers.filter(({ isStuck }) => isStuck).length;
        trial.expect(stuck === 0, `${stuck} shoppers had no answer however often they asked`);
        trial.expect(fleet.deaths.length === 0, `${fleet.deaths.join(", ")} without being asked to`);
        trial.expectNo500();
      } finally {
        trial.client.gateway = usual.gateway;
        trial.client = usual;
        await fleet.stop();
      }
    },
  },
];
