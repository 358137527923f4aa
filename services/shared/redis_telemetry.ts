import type { Command, Redis } from "ioredis";
import { durations, gauges } from "./metrics.ts";
import { failSpan, isTraced, openSpan, type SpanInput, SpanKind, tracing } from "./trace.ts";

const duration = durations(
  "nano_redis_command_duration_seconds",
  "Duration of Redis commands, by outcome.",
  ["outcome"],
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
);

/** The process's client; none where it runs uncached. */
let client: Redis | undefined;
gauges(
  "nano_redis_up",
  "1 while Redis answers, 0 while it is away.",
  [],
  () => Promise.resolve(client ? [{ labels: {}, value: client.status === "ready" ? 1 : 0 }] : []),
);

/** Measures every command of a client: its time and whether it failed, and a span where there are spans. */
export function measureRedis(redis: Redis): void {
  client = redis;
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command: Command, stream) => {
    const started = performance.now();
    const span = tracing && isTraced() ? openSpan(described(command.name)).span : undefined;
    const end = (outcome: "ok" | "failed") => duration.observe({ outcome }, (performance.now() - started) / 1000);
    command.promise.then(() => {
      end("ok");
      span?.end();
    }, (error) => {
      end("failed");
      if (span) failSpan(span, error);
      span?.end();
    });
    return send(command, stream);
  };
}

/** By its name alone, as keys and values are customers'. */
function described(name: string): SpanInput {
  const attributes = { "db.system.name": "redis", "db.operation.name": name };
  return { name, kind: SpanKind.CLIENT, attributes };
}
