import { CLOCKS } from "./cases/clocks.ts";
import { CURRENCIES } from "./cases/currencies.ts";
import { KILLS } from "./cases/kills.ts";
import { NEIGHBOURS } from "./cases/neighbours.ts";
import { OPERATIONS } from "./cases/operations.ts";
import { POSTGRES } from "./cases/postgres.ts";
import { PROVIDERS } from "./cases/providers.ts";
import { RACES } from "./cases/races.ts";
import { REDIS } from "./cases/redis.ts";
import { WEBHOOKS } from "./cases/webhooks.ts";
import type { Fault } from "./trial.ts";

/** The fault matrix of reliability.md, as far as it is tried here. */
export const FAULTS: readonly Fault[] = [
  ...KILLS,
  ...REDIS,
  ...POSTGRES,
  ...PROVIDERS,
  ...RACES,
  ...CLOCKS,
  ...CURRENCIES,
  ...NEIGHBOURS,
  ...WEBHOOKS,
  ...OPERATIONS,
].sort((a, b) => a.number - b.number);
