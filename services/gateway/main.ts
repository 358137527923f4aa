import { readConfig } from "../shared/config.ts";
import { serveConnections } from "../shared/connections.ts";
import { withTimeout } from "../shared/context.ts";
import { isReady, serveHealth } from "../shared/health.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { createCache } from "../shared/redis.ts";
import { onShutdown } from "../shared/shutdown.ts";
import { createApiKeys } from "./api_keys.ts";
import { createApp } from "./app.ts";
import { createCatalogue } from "./catalogue.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { fastPath } from "./fast_path.ts";
import { countGateways } from "./gateways.ts";
import { observeAnswers } from "./observe.ts";
import { createRateLimits } from "./rate_limit.ts";
import { createSessions } from "./session.ts";
import { createDoor } from "./shed.ts";
import { createStores } from "./stores.ts";

const config = readConfig(settings);
const log = createLog("gateway", config);
await actAs("gateway", config, log);
const cache = createCache(config, log);
const clients = createClients(config);
const gateways = countGateways(cache);
const sessions = createSessions({ config, cache, user: clients.user });
const keys = createApiKeys({ cache, user: clients.user });
const readiness = { draining: false, check: reached() };
const catalogue = createCatalogue();
const limits = createRateLimits({ config, cache, gateways });
const app = createApp({
  config,
  log,
  limits,
  catalogue,
  clients,
  sessions,
  keys,
  stores: createStores(clients),
  ready: () => isReady(readiness),
});

const door = createDoor(app.fetch, { log });
const handle = fastPath({ config, catalogue, limits, observe: observeAnswers(log) }, door);
const server = serveConnections(config, log, handle);
const health = serveHealth("gateway", config, readiness);
onShutdown(config, log, readiness, [
  () => server.shutdown(),
  async () => {
    for (const client of Object.values(clients)) client.close();
    await gateways.close();
    await cache.close();
  },
  () => health.shutdown(),
]);
log.info({ port: config.PORT }, "gateway is ready");

/** Ready once the store service was reached; a service that is away later costs its own routes only. */
function reached(): () => Promise<void> {
  let done = false;
  return async () => {
    if (!done) await withTimeout(1_000, () => clients.store.getStore({ id_or_slug: "" }));
    done = true;
  };
}
