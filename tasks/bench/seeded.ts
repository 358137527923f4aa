/** Chance that is the same each time. */
export interface Random {
  /** A whole number from 0, below a bound. */
  below(bound: number): number;
  /** One of a list, the first ones far more often, as words and categories are. */
  skewed<T>(of: readonly T[]): T;
  /** By the normal distribution: mean 0, deviation 1. */
  normal(): number;
  /** A UUIDv7 of a time. */
  id(time: number): string;
}

/** Starts from a seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
  const hex = (bits: number) => Math.floor(next() * 2 ** bits).toString(16).padStart(bits / 4, "0");
  return {
    below: (bound) => Math.floor(next() * bound),
    skewed<T>(of: readonly T[]): T {
      const found = of[Math.floor(of.length * next() ** 2)];
      if (found === undefined) throw new Error("Cannot choose as there is nothing.");
      return found;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    id(time) {
      const at = Math.floor(time).toString(16).padStart(12, "0");
      return `${at.slice(0, 8)}-${at.slice(8)}-7${hex(12)}-${(8 + Math.floor(next() * 4)).toString(16)}${hex(12)}-${
        hex(24)
      }${hex(24)}`;
    },
  };
}
