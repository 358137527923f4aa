import { enableFailpoints, failpointHits, setFailpoints } from "./failpoints.ts";
import { logLevel, setLogLevel } from "./log.ts";
import { measureProcess, registry } from "./metrics.ts";

/** What decides whether a process takes traffic. */
export interface Readiness {
  /** Answers, or throws with a reason, whether the process can do its work. */
  check: () => Promise<void>;
  /** Set when the process is going down. */
  draining: boolean;
}

/**
 * Serves /healthz, /readyz, /metrics and /loglevel on the process's HTTP port, which is for the cluster only. Liveness
 * is that the event loop answers. `PUT /loglevel` with DEBUG, INFO, WARNING or ERROR holds until the process ends.
 */
export function serveHealth(
  service: string,
  config: { ENVIRONMENT: string; HOST: string; HTTP_PORT: number },
  readiness: Readiness,
): Deno.HttpServer {
  const failpoints = enableFailpoints(config);
  measureProcess(service);
  return Deno.serve({ hostname: config.HOST, port: config.HTTP_PORT, onListen: () => {} }, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/healthz":
        return new Response("ok\n");
      case "/readyz":
        return await isReady(readiness) ? new Response("ok\n") : new Response("not ready\n", { status: 503 });
      case "/metrics":
        return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
      case "/loglevel":
        return await changeLogLevel(request);
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

/** The longest name of a level, and a line's end. */
const LEVEL_LENGTH = "WARNING\r\n".length;

/** Tells the level of the log, after changing it where it is a PUT. */
async function changeLogLevel(request: Request): Promise<Response> {
  if (request.method !== "PUT" && request.method !== "GET") return new Response(null, { status: 405 });
  if (request.method === "PUT") {
    const small = Number(request.headers.get("content-length") ?? Infinity) <= LEVEL_LENGTH;
    if (!small || !setLogLevel((await request.text()).trim())) {
      return new Response("must be DEBUG, INFO, WARNING or ERROR\n", { status: 400 });
    }
  }
  return new Response(`${logLevel()}\n`);
}

/** Whether the process takes traffic. */
export async function isReady(readiness: Readiness): Promise<boolean> {
  return !readiness.draining && await readiness.check().then(() => true, () => false);
}
