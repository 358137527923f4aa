import type { Tally } from "./tally.ts";

/** Of what came so much may be refused, and the answers may take so long (p95), where a rate is said to be held. */
const REFUSED = 0.01;
const P95_MS = 500;
/** How near the found rate is to what is not held any more. */
const STEP = 1.15;
const MOST = 100_000;

/** Whether a shop kept up with a load: all but one in a hundred were served, and in time. */
export function held(tally: Tally): boolean {
  const { sent, ok } = tally.total;
  return sent > 0 && ok >= sent * (1 - REFUSED) && tally.all.p95 <= P95_MS;
}

/**
 * The highest rate that is held, to 15 %: twice as high each time, then halfway (of the ratio) between what is and what
 * is not. A rate is given up only when it failed twice, as others may have been at work. 0 where nothing is held.
 */
export async function findRate(holds: (rate: number) => Promise<boolean>, from: number): Promise<number> {
  const holdsOnce = async (rate: number) => await holds(rate) || await holds(rate);
  let [low, high] = [0, from];
  while (high <= MOST && await holdsOnce(high)) [low, high] = [high, high * 2];
  while (low === 0 && high > 1) {
    const lower = Math.floor(high / 2);
    if (await holdsOnce(lower)) low = lower;
    else high = lower;
  }
  while (low > 0 && high / low > STEP) {
    const between = Math.round(Math.sqrt(low * high));
    if (between === low || between === high) break;
    if (await holdsOnce(between)) low = between;
    else high = between;
  }
  return low;
}
