import { readConfig } from "../shared/config.ts";
import { withTimeout } from "../shared/context.ts";
import { isReady, serveHealth } from "../shared/health.ts";
import { createLog } from "../shared/log.ts";
import { createCache } from "../shared/redis.ts";
import { onShutdown } from "../shared/shutdown.ts";
import { createApp } from "./app.ts";
import { createClients } from "./clients.ts";
import { settings } from "./config.ts";
import { createRateLimits } from "./rate_limit.ts";
import { createSessions } from "./session.ts";
import { createStores } from "./stores.ts";

const config = readConfig(settings);
const log = createLog("gateway", config);
const cache = createCache(config, log);
const clients = createClients(config);
const sessions = createSessions({ config, cache, user: clients.user });
const readiness = { draining: false, check: reached() };
const app = createApp({
  config,
  log,
  limits: createRateLimits({ config, cache }),
  clients,
  sessions,
  stores: createStores(clients),
  ready: () => isReady(readiness),
});

const server = Deno.serve({ hostname: config.HOST, port: config.PORT, onListen: () => {} }, app.fetch);
const health = serveHealth(config, readiness);
onShutdown(config, log, readiness, [
  () => server.shutdown(),
  async () => {
    for (const client of Object.values(clients)) client.close();
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
