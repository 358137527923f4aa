import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { FAULTS } from "./faults/faults.ts";
import { tryFault } from "./faults/trial.ts";
import { World } from "./faults/world.ts";

/** The rest, and more seeds, by `deno task faults`. */
const TRIED = [1, 2, 3, 10, 28, 29];

describe("deno task faults", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world?.close());

  for (const fault of FAULTS.filter(({ number }) => TRIED.includes(number))) {
    for (const seed of [1, 2]) {
      it(`holds under ${fault.number}, ${fault.title}, with seed ${seed}`, async () => {
        const { violations, acknowledged } = await tryFault(world, fault, seed, true);
        expect(violations).toEqual([]);
        expect(acknowledged).toBeGreaterThan(20);
      });
    }
  }
});
