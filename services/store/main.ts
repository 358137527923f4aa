import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { readConfig } from "../shared/config.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { settings } from "./config.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { createRepository } from "./repository.ts";

const config = readConfig(settings);
const log = createLog("store", config);
const pool = createPool(config, log);
const repository = createRepository(pool);

await serve<StoreServiceServer>("store", config, log, {
  pool,
  definition: StoreServiceService,
  handlers: createHandlers({ pool, repository }),
  jobs: createJobs({ repository }),
  crontab,
});
