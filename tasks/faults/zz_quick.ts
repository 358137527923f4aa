import { FAULTS } from "/work/main/tasks/faults/faults.ts";
import { tryFault } from "/work/main/tasks/faults/trial.ts";
import { World } from "/work/main/tasks/faults/world.ts";
const world = await World.start();
for (const number of Deno.args.map(Number)) for (const seed of [1,2]) {
  const fault = FAULTS.find((f) => f.number === number)!;
  const r = await tryFault(world, fault, seed, true);
  console.log(number, seed, r.seconds, r.operations, r.notes.join("; "), r.violations.map((v) => v.slice(0, 500)));
}
await world.close();
