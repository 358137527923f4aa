import { BODIES } from "./cases/bodies.ts";
import { CLOCKS } from "./cases/clocks.ts";
import { CONSOLE } from "./cases/console.ts";
import { CURRENCIES } from "./cases/currencies.ts";
import { FIELDS } from "./cases/fields.ts";
import { KILLS } from "./cases/kills.ts";
import { MESSAGES } from "./cases/messages.ts";
import { NEIGHBOURS } from "./cases/neighbours.ts";
import { OPERATIONS } from "./cases/operations.ts";
import { POSTGRES } from "./cases/postgres.ts";
import { PROVIDERS } from "./cases/providers.ts";
import { RACES } from "./cases/races.ts";
import { REDIS } from "./cases/redis.ts";
import { ROLLING } from "./cases/rolling.ts";
import { SLOW } from "./cases/slow.ts";
import { STRANGERS } from "./cases/strangers.ts";
import { TARGETS } from "./cases/targets.ts";
import { TOKENS } from "./cases/tokens.ts";
import { WEBHOOKS } from "./cases/webhooks.ts";
import type { Fault } from "./trial.ts";

/** Every fault, by its number: the rows of README's table. */
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
  ...ROLLING,
  ...BODIES,
  ...FIELDS,
  ...STRANGERS,
  ...TOKENS,
  ...SLOW,
  ...MESSAGES,
  ...TARGETS,
  ...CONSOLE,
].sort((a, b) => a.number - b.number);
