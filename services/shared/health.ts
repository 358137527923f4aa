import { registry } from "./metrics.ts";

/** What decides whether a process takes traffic. */
export interface Readiness {
  /** Answers, or throws with a reason, whether the process can do its work. */
  check: () => Promise<void>;
  /** Set when the process is going down. */
  draining: boolean;
}

/** Serves /healthz, /readyz and /metrics on the process's HTTP port. Liveness is that the event loop answers. */
export function serveHealth(config: { HOST: string; HTTP_PORT: number }, readiness: Readiness): Deno.HttpServer {
  return Deno.serve({ hostname: config.HOST, port: config.HTTP_PORT, onListen: () => {} }, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return new Response("ok\n");
      case "/readyz":
        return await isReady(readiness) ? new Response("ok\n") : new Response("not ready\n", { status: 503 });
      case "/metrics":
        return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
      default:
        return new Response("not found\n", { status: 404 });
    }
  });
}

/** Whether the process takes traffic. */
export async function isReady(readiness: Readiness): Promise<boolean> {
  return !readiness.draining && await readiness.check().then(() => true, () => false);
}
