/** For tests only: the store service without its process, and the sender of webhooks beside it. */
import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { createServer, listen, stopServer } from "../shared/grpc.ts";
import { createLog } from "../shared/log.ts";
import type { TestDatabase } from "../shared/testing.ts";
import { createClients } from "./clients.ts";
import { createDeliverHandlers } from "./deliver_handlers.ts";
import { createRepository } from "./repository.ts";
import { createSender, type SenderOptions } from "./send_request.ts";
import { createWebhookRepository } from "./webhook_repository.ts";
import { createWebhookVault } from "./webhook_secret.ts";

export const log = createLog("store", { LOG_LEVEL: "ERROR" });

/** What handlers and jobs work with. Nothing is sent unless a sender's address is given. */
export async function storeDeps({ pool, url }: TestDatabase, DELIVER_SERVICE_URL = "127.0.0.1:1") {
  return {
    log,
    pool,
    repository: createRepository(pool),
    webhooks: createWebhookRepository(pool),
    ...createClients({ DELIVER_SERVICE_URL }),
    vault: await createWebhookVault({ DATABASE_URL: url }),
  };
}

/** A sender of webhooks that speaks gRPC, as its process does. */
export async function startDeliver(options: Partial<SenderOptions> = {}) {
  const sender = createSender({ allowHttp: true, allowPrivate: true, ...options });
  const server = createServer<DeliverServiceServer>(DeliverServiceService, createDeliverHandlers(sender, log), log);
  const port = await listen(server, "127.0.0.1:0");
  return { address: `127.0.0.1:${port}`, stop: () => stopServer(server, 1_000) };
}

/** What a receiver got. */
export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
}

export type Receiver = ReturnType<typeof startReceiver>;

/** A merchant's server. It answers as told, by default 200. */
export function startReceiver(answer: (received: Received) => Response | Promise<Response> = () => new Response("ok")) {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const one = {
      path: new URL(request.url).pathname,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    received.push(one);
    return await answer(one);
  });
  return {
    received,
    port: server.addr.port,
    url: `http://127.0.0.1:${server.addr.port}/hooks`,
    stop: () => server.shutdown(),
  };
}
