import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { readConfig } from "../shared/config.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createPool } from "../shared/postgres.ts";
import { serve } from "../shared/service.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs, crontab } from "./jobs.ts";
import { showOrders } from "./order_metrics.ts";
import { createRepository } from "./repository.ts";

const config = readConfig(settings);
const log = createLog("order", config);
await actAs("order", config, log);
const pool = createPool(config, log);
const { neighbours, close } = createClients(config);
const deps = { orders: createRepository(pool), neighbours, log };
showOrders(pool, async (id) => (await neighbours.store.getStore(id)).slug);

await serve<OrderServiceServer>("order", config, log, {
  pool,
  definition: OrderServiceService,
  handlers: createHandlers(deps),
  jobs: createJobs(deps),
  crontab,
  close: [close],
});
