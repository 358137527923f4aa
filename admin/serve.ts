/** Serves the production build until SIGTERM. */
import { base, readConfig } from "../services/shared/config.ts";
import { serveHealth } from "../services/shared/health.ts";
import { createLog } from "../services/shared/log.ts";
import { onShutdown } from "../services/shared/shutdown.ts";

/** What the build's server.js exports. The import is literal, so its modules need no leave to be read. */
const { default: app }: { default: { fetch: Deno.ServeHandler } } = await import("./_fresh/server.js");

const config = readConfig(base);
const log = createLog("admin", config);
const readiness = { draining: false, check: async () => {} };
const server = Deno.serve({ hostname: config.HOST, port: config.PORT, onListen: () => {} }, async (request, info) => {
  const response = await app.fetch(request, info);
  // A form that was refused unread would stay in the connection, before whatever the browser sends next.
  if (request.body && !request.bodyUsed) await request.body.cancel().catch(() => {});
  return response;
});
const health = serveHealth("admin", config, readiness);
onShutdown(config, log, readiness, [() => server.shutdown(), () => health.shutdown()]);
log.info({ port: config.PORT }, "admin is ready");
