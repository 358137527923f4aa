import { type PaymentServiceServer, PaymentServiceService } from "../../proto/gen/nano/payment/v1/payment.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { showRefusedRefunds } from "./payment_metrics.ts";
import { createProviders } from "./providers/all.ts";
import { showLedgerCheckTime, showLedgerDifference } from "./reconcile_ledger.ts";
import { createRepository } from "./repository.ts";

const config = readConfig(settings);
const log = createLog("payment", config);
await actAs("payment", config, log);
const pool = createPool(config, log);
const { neighbours, close } = createClients(config);
const deps = {
  pool,
  repository: createRepository(pool),
  providers: await createProviders(config, pool),
  neighbours,
  log,
};
showLedgerDifference(pool);
showLedgerCheckTime(pool);
showRefusedRefunds(pool);

await serve<PaymentServiceServer>("payment", config, log, {
  pool,
  definition: PaymentServiceService,
  handlers: createHandlers(deps),
  jobs: createJobs(deps),
  crontab,
  audited: true,
  close: [close],
});
