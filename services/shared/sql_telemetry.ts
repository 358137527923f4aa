import pg from "pg";
import { currentContext } from "./context.ts";
import { timedOut } from "./errors.ts";
import { durations, gauge } from "./metrics.ts";
import { inSpan, type Span, SpanKind } from "./trace.ts";

const waited = durations("nano_pool_wait_seconds", "How long a connection of the database pool was waited for.", []);

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * A pool that tells how long its connections are waited for, and that opens a span for each statement where there are
 * spans. Whoever got one after his deadline gives it back unused: his client has gone, and others wait.
 */
export class MeasuredPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    if (this.idleCount > 0 && this.waitingCount === 0) waited.observe(0);
    else {
      const asked = performance.now();
      const { deadline = Infinity } = currentContext() ?? {};
      const end = () => waited.observe((performance.now() - asked) / 1000);
      if (!callback) {
        return super.connect().finally(end).then((client) => {
          if (Date.now() < deadline) return client;
          client.release();
          throw timedOut();
        });
      }
      return super.connect((error, client, done) => {
        end();
        if (!client || Date.now() < deadline) return callback(error, client, done);
        done();
        callback(timedOut(), undefined, () => {});
      });
    }
    return callback ? super.connect(callback) : super.connect();
  }
}

// pg's own query() ends the connection of a statement that PostgreSQL refused, as it does each who comes second in a rush;
// and it may run in the span of whoever gave the connection back.
MeasuredPool.prototype.query = async function (this: MeasuredPool, ...args: unknown[]) {
  const client = await this.connect();
  let broken: Error | undefined;
  try {
    return await (client.query as (...args: unknown[]) => Promise<unknown>)(...args);
  } catch (error) {
    // A refusal has a code; without one the connection is no good any more.
    if (!(error as { code?: string }).code) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
} as MeasuredPool["query"];

/** Opens a span for each statement of a new connection: its name, or how it begins, and never its values. */
export function traceStatements(client: pg.PoolClient): void {
  const run = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
  const traced = (...args: unknown[]) => {
    // Libraries that give a callback have no promise to wait for.
    if (typeof args.at(-1) === "function") return run(...args);
    const name = statementName(args[0]);
    const attributes = { "db.system.name": "postgresql", "db.query.summary": name };
    return inSpan({ name, kind: SpanKind.CLIENT, attributes }, (_span: Span) => run(...args));
  };
  client.query = traced as typeof client.query;
}

/** The name of a statement: its own, else its first words. One that is text only has values in it: its first word. */
export function statementName(statement: unknown): string {
  if (typeof statement === "string") return /^\s*(\w+)/.exec(statement)?.[1] ?? "statement";
  const { name, text } = (statement ?? {}) as { name?: string; text?: string };
  return name ?? text?.trim().replaceAll(/\s+/g, " ").slice(0, 60) ?? "statement";
}

/** Shows how busy the process's pool is. */
export function measurePool(pool: pg.Pool): void {
  gauge("nano_pool_connections", "Connections of the database pool.", () => pool.totalCount);
  gauge("nano_pool_idle_connections", "Connections of the database pool that nobody uses.", () => pool.idleCount);
  gauge("nano_pool_limit", "The most connections that the database pool opens.", () => pool.options.max);
  gauge("nano_pool_waiting", "Requests that wait for a connection of the database pool.", () => pool.waitingCount);
}
