/** Serves the production build until SIGTERM. */
import { base, connectionSettings, readConfig } from "../services/shared/config.ts";
import { serveConnections } from "../services/shared/connections.ts";
import { serveHealth } from "../services/shared/health.ts";
import { onShutdown } from "../services/shared/shutdown.ts";
import { bounded } from "./bounded.ts";
import { log as own } from "./log.ts";

/** What the build's server.js exports. The import is literal, so its modules need no leave to be read. */
const { default: app }: { default: { fetch: Deno.ServeHandler } } = await import("./_fresh/server.js");

const config = readConfig({ ...base, ...connectionSettings });
const log = own();
const readiness = { draining: false, check: async () => {} };
const server = serveConnections(config, log, async (given, info) => {
  const request = bounded(given);
  const response = await app.fetch(request, info);
  // A form that was refused unread would stay in the connection, before whatever the browser sends next.
  if (request.body && !request.bodyUsed) await request.body.cancel().catch(() => {});
  return response;
});
const health = serveHealth("admin", config, readiness);
onShutdown(config, log, readiness, [() => server.shutdown(), () => health.shutdown()]);
log.info({ port: config.PORT }, "admin is ready");
