import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { createHandlers } from "./handlers.ts";
import { CONCURRENCY, createJobs, crontab, ROUND_MS } from "./jobs.ts";
import { createRepository } from "./repository.ts";
import { createWebhookRepository } from "./webhook_repository.ts";
import { createWebhookVault } from "./webhook_secret.ts";

const config = readConfig(settings);
const log = createLog("store", config);
await actAs("store", config, log);
const pool = createPool(config, log);
const { neighbours, close } = createClients(config);
const deps = {
  log,
  pool,
  repository: createRepository(pool),
  webhooks: createWebhookRepository(pool),
  vault: await createWebhookVault(config),
  neighbours,
};

await serve<StoreServiceServer>("store", config, log, {
  pool,
  definition: StoreServiceService,
  handlers: createHandlers(deps),
  jobs: createJobs(deps),
  crontab,
  audited: true,
  concurrency: CONCURRENCY,
  round_ms: ROUND_MS,
  close: [close],
});
