import { enableFailpoints, failpointHits, setFailpoints } from "./failpoints.ts";
import { registry } from "./metrics.ts";

/** What decides whether a process takes traffic. */
export interface Readiness {
  /** Answers, or throws with a reason, whether the process can do its work. */
  check: () => Promise<void>;
  /** Set when the process is going down. */
  draining: boolean;
}

/** Serves /healthz, /readyz and /metrics on the process's HTTP port. Liveness is that the event loop answers. */
export function serveHealth(
  config: { ENVIRONMENT: string; HOST: string; HTTP_PORT: number },
  readiness: Readiness,
): Deno.HttpServer {
  const failpoints = enableFailpoints(config);
  return Deno.serve({ hostname: config.HOST, port: config.HTTP_PORT, onListen: () => {} }, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return new Response("ok\n");
      case "/readyz":
        return await isReady(readiness) ? new Response("ok\n") : new Response("not ready\n", { status: 503 });
      case "/metrics":
        return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
      case "/failpoints":
        // Only in processes that tests started with FAILPOINTS.
        if (failpoints) {
          if (request.method === "POST") setFailpoints(await request.text());
          return Response.json(failpointHits());
        }
        // falls through
      default:
        return new Response("not found\n", { status: 404 });
    }
  });
}

/** Whether the process takes traffic. */
export async function isReady(readiness: Readiness): Promise<boolean> {
  return !readiness.draining && await readiness.check().then(() => true, () => false);
}
