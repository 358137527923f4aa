import { type ProductServiceServer, ProductServiceService } from "../../proto/gen/nano/product/v1/product.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { createHandlers } from "./handlers.ts";
import { CONCURRENCY, createJobs, crontab } from "./jobs.ts";
import { createReplica } from "./replica.ts";
import { createRepository } from "./repository.ts";

const config = readConfig(settings);
const log = createLog("product", config);
await actAs("product", config, log);
const pool = createPool(config, log);
const { neighbours, close } = createClients(config);
const replica = config.DATABASE_REPLICA_URL
  ? createReplica({
    primary: pool,
    replica: createPool({ ...config, DATABASE_URL: config.DATABASE_REPLICA_URL }, log),
    log,
  })
  : undefined;
const deps = { pool, repository: createRepository(pool, replica), neighbours, log };

await serve<ProductServiceServer>("product", config, log, {
  pool,
  definition: ProductServiceService,
  handlers: createHandlers(deps),
  jobs: createJobs(deps),
  crontab,
  audited: true,
  concurrency: CONCURRENCY,
  close: [() => replica?.close(), close],
});
