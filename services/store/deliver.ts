/**
 * The process that sends webhooks and fetches images: the only one that may connect anywhere, so it has nothing that is
 * worth taking.
 */
import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { readConfig } from "../shared/config.ts";
import { createServer, listen, stopServer } from "../shared/grpc.ts";
import { serveHealth } from "../shared/health.ts";
import { actAs } from "../shared/identity.ts";
import { createLog } from "../shared/log.ts";
import { onShutdown } from "../shared/shutdown.ts";
import { deliverSettings } from "./config.ts";
import { createDeliverHandlers } from "./deliver_handlers.ts";
import { createSender } from "./send_request.ts";

const config = readConfig(deliverSettings);
const production = config.ENVIRONMENT === "production";
if (production && config.WEBHOOK_ALLOW_PRIVATE) {
  throw new Error("Cannot start as WEBHOOK_ALLOW_PRIVATE must not be true in production.");
}
const log = createLog("deliver", config);
await actAs("deliver", config, log);
const sender = createSender({ allowHttp: !production, allowPrivate: config.WEBHOOK_ALLOW_PRIVATE });

const server = createServer<DeliverServiceServer>(DeliverServiceService, createDeliverHandlers(sender, log), log);
await listen(server, `${config.HOST}:${config.PORT}`);
const readiness = { draining: false, check: () => Promise.resolve() };
const http = serveHealth("deliver", config, readiness);
onShutdown(config, log, readiness, [() => stopServer(server, 14_000), () => http.shutdown()]);
log.info({ port: config.PORT }, "deliver is ready");
