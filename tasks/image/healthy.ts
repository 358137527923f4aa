/** The containers' health check: exit 0 when the process of this container, IMAGE, takes requests. */
import { PROCESSES } from "../processes.ts";

const process = PROCESSES.find(({ name }) => name === Deno.env.get("IMAGE"));
const port = Deno.env.get("HTTP_PORT") || process?.httpPort;
const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
Deno.exit(answer?.ok ? 0 : 1);
