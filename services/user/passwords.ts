import { Algorithm, hash, verify } from "@node-rs/argon2";
import { remainingTime } from "../shared/context.ts";
import { timedOut, unavailable } from "../shared/errors.ts";

/** OWASP's parameters: 19 MiB, two passes, one lane. */
const OPTIONS = { algorithm: 2 satisfies Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Of a random password that nobody has: what an unknown account is checked against, at the same cost. */
const NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$A8YbYSAbyfzHqcWM88aGyw$ewJ9+0bfPUlDVTGiS+gCdNsXi7vzzmbGJLVqZYmG6r0";

export interface Passwords {
  /** The argon2id hash of a password, in PHC form. */
  hash(password: string): Promise<string>;
  /** Whether the hash is the password's. Without a hash: no, after the same work. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

/**
 * Hashes on native threads, off the event loop: `parallel` at a time, with `waiting` more in line; beyond that a fast
 * 503, as hashing is the cheapest way to keep a server busy.
 */
export function createPasswords(parallel = 2, waiting = 64): Passwords {
  const line: (() => void)[] = [];
  let underWay = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (underWay >= parallel) {
      if (line.length >= waiting) throw unavailable();
      await new Promise<void>((resolve) => line.push(resolve));
    } else {
      underWay++;
    }
    try {
      // Whoever asked has gone: the next one's turn.
      if (remainingTime(Infinity) === 0) throw timedOut();
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else underWay--;
    }
  }

  return {
    hash: (password) => inTurn(() => hash(password, OPTIONS)),
    verify: async (password, stored) => {
      const right = await inTurn(() => verify(stored ?? NOBODY, password));
      return right && stored !== undefined;
    },
  };
}
