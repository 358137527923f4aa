/** Random numbers that are the same again for the same seed, so that a failure can be repeated. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** Another sequence that depends on this seed and a name, whatever was drawn before. */
  fork(name: string | number): Random {
    let hash = this.seed >>> 0;
    for (const character of String(name)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
    return new Random(hash ^ 0x9e3779b9);
  }

  /** A number from 0 to just below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(choices: readonly T[]): T {
    const found = choices[this.between(0, choices.length - 1)];
    if (found === undefined) throw new Error("Cannot pick as there must be something to pick from.");
    return found;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
