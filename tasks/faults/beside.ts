import { type Fault, type Result, tryFault } from "./trial.ts";
import { World } from "./world.ts";

/** Faults that mostly wait, tried one after another in a shop of their own beside the rest. */
export class Beside {
  readonly #results = new Map<Fault, Promise<Result>>();
  #world: World | undefined;

  constructor(faults: readonly Fault[], seed: number) {
    let last: Promise<unknown> = Promise.resolve();
    for (const fault of faults) {
      const result = last.then(async () => tryFault(this.#world ??= await World.start(), fault, seed));
      // What fails is heard of where it is asked for.
      last = result.catch(() => {});
      this.#results.set(fault, result);
    }
  }

  of(fault: Fault): Promise<Result> | undefined {
    return this.#results.get(fault);
  }

  get world(): World | undefined {
    return this.#world;
  }

  async close(): Promise<void> {
    await this.#world?.close();
  }
}
