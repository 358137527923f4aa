import { type CartServiceServer, CartServiceService } from "../../proto/gen/nano/cart/v1/cart.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { createCache } from "../shared/redis.ts";
import { serve } from "../shared/service.ts";
import { createCartCache } from "./cache.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { rememberOwners } from "./deps.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { createRepository } from "./repository.ts";

const config = readConfig(settings);
const log = createLog("cart", config);
await actAs("cart", config, log);
const pool = createPool(config, log);
const redis = createCache(config, log);
const { neighbours, close } = createClients(config);
const repository = createRepository(pool);

await serve<CartServiceServer>("cart", config, log, {
  pool,
  definition: CartServiceService,
  handlers: createHandlers({ pool, repository, cache: createCartCache(redis), owners: rememberOwners(), neighbours }),
  jobs: createJobs({ repository }),
  crontab,
  close: [close, () => redis.close()],
});
