import { Client } from "../client.ts";
import { Fleet } from "../fleet.ts";
import type { Fault } from "../trial.ts";

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
        const began = Date.now();
        await trial.load({ shoppers: 12, seconds: 6, users: 0 }, () => fleet.roll());
        const rate = trial.tally.operations / ((Date.now() - began) / 1000);
        const failed = trial.tally.serverErrors.length;
        trial.notes.push(`${rate.toFixed(0)} requests a second, ${failed} sent again`);
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
