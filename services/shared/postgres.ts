import pg from "pg";
import { actorName } from "./auth.ts";
import "./coalesce.ts";
import { currentContext, remainingTime } from "./context.ts";
import { timedOut } from "./errors.ts";
import type { Log } from "./log.ts";
import { overloaded } from "./overload.ts";
import { MeasuredPool, traceStatements } from "./sql_telemetry.ts";
import { tracing } from "./trace.ts";

/** A bigint column is a number here; one beyond 2^53 - 1 is refused rather than rounded. */
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot read ${text} as a number must be below 2^53.`);
  return value;
});

/** A statement. A `name` makes it a prepared one. */
export interface Statement {
  name?: string | undefined;
  text: string;
  values?: unknown[];
}

/** Runs statements: a pool, or a client within a transaction. */
export interface Sql {
  query<Row extends pg.QueryResultRow>(statement: Statement): Promise<pg.QueryResult<Row>>;
}

/** A transaction under way. */
export type Tx = Sql & { readonly tx: true };

/** The connections of a service to its database. */
export type Pool = pg.Pool;

const MAX_WAITING = 256;
/** How long a request may wait for its turn: in a rush of checkouts, as long as the checkout may take. */
export const TURN_MS = 10_000;
const CONNECT_MS = 2_000;
/** How long a statement may take. */
export const STATEMENT_TIMEOUT_MS = 5_000;
const RETRIED = new Set(["40001", "40P01", "55P03"]);

/**
 * Opens a pool of at most 6 connections, each statement bounded to 5 s and each lock wait to 1 s. Within a transaction
 * the bound is what is left of the request's deadline; to a single statement that would cost a round trip more.
 * Who waits for a connection gives up after 10 s, the longest deadline; one that can't be made fails after 2 s.
 */
export function createPool(config: { DATABASE_URL: string; DEBUG?: boolean }, log: Log, max = 6): Pool {
  const pool = new MeasuredPool({
    connectionString: config.DATABASE_URL,
    max,
    connectionTimeoutMillis: TURN_MS,
    Client: PromptClient,
    // Or a server that is gone without a word would be waited for.
    keepAlive: true,
    // What does not wait for an answer goes out at once with what was sent before: statements of one Promise.all take
    // one round trip. They run in the order in which they were sent, and after one that fails the others fail too.
    pipeline: true,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 1_000,
  });
  pool.on("error", (error) => log.warn({ err: error }, "a database connection was lost"));
  if (tracing) pool.on("connect", traceStatements);
  if (config.DEBUG) pool.on("connect", (client) => logStatements(client, log));
  return pool;
}

/** The pool has one time-out for two things: this client has one of its own for reaching the server. */
export class PromptClient extends pg.Client {
  constructor(config: pg.ClientConfig = {}) {
    super({ ...config, connectionTimeoutMillis: CONNECT_MS });
  }
}

/** Logs the name of each statement that a client runs, or its beginning; never its values. */
function logStatements(client: pg.PoolClient, log: Log): void {
  const run = client.query.bind(client) as (...args: unknown[]) => unknown;
  const logged = (...args: unknown[]) => {
    const [statement] = args as [string | { name?: string; text?: string }];
    const name = typeof statement === "string" ? statement : statement.name ?? statement.text;
    log.debug({ statement: name?.slice(0, 100) }, "a statement");
    return run(...args);
  };
  client.query = logged as typeof client.query;
}

/**
 * Runs a function in a transaction that knows who acts (for the audit triggers) and how long it may take. It is run
 * again, at most 3 times, where the database gave up for a deadlock or a lock, so it must have no other effect.
 */
export function transaction<T>(pool: Pool, run: (tx: Tx) => Promise<T>): Promise<T> {
  return persistently(() => once(pool, run));
}

/**
 * Runs a statement that is all of its transaction, without the round trips to begin and to commit, and again like a
 * transaction. It knows who acts only if it says so itself (sayWhoActs). Where the database stalls it may commit up to 5 s
 * after the deadline: only for what a retry, a job or an undo finds done.
 */
export function single<T>(pool: Pool, run: (sql: Sql) => Promise<T>): Promise<T> {
  return persistently(() => {
    if (pool.waitingCount >= MAX_WAITING) throw overloaded("pool");
    if (remainingTime(1) <= 0) throw timedOut();
    return run(pool);
  });
}

async function persistently<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= 3 || !RETRIED.has((error as { code?: string }).code ?? "") || remainingTime(1000) < 50) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
}

async function once<T>(pool: Pool, run: (tx: Tx) => Promise<T>): Promise<T> {
  if (pool.waitingCount >= MAX_WAITING) throw overloaded("pool");
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    if (remainingTime(1) <= 0) throw timedOut();
    // Sent along with the first statement, which fails where the settings do; "begin" itself has nothing to fail by.
    const begun = begin(client);
    begun.catch(() => {});
    const result = await run(client as unknown as Tx);
    await begun;
    await commit(client);
    for (const work of committed.get(client) ?? []) work();
    return result;
  } catch (error) {
    await client.query("rollback").catch((fault) => broken = fault);
    throw error;
  } finally {
    committed.delete(client);
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  // Who asked was told that it took too long, and may have done something else since.
  if (remainingTime(1) <= 0) throw timedOut();
  const { command } = await client.query("commit");
  // PostgreSQL answers so, and without an error, where a statement before it failed.
  if (command === "ROLLBACK") throw new Error("Cannot commit as a statement of the transaction failed.");
}

/** What is to be counted once a transaction is committed, by its connection. */
const committed = new WeakMap<object, (() => void)[]>();

/** Runs something once the transaction is committed, and never if it is not: for metrics, which can't be taken back. */
export function onCommit(tx: Tx, work: () => void): void {
  const waiting = committed.get(tx);
  if (waiting) waiting.push(work);
  else committed.set(tx, [work]);
}

/**
 * Runs a function whose statements are not sent but become parts of another one (`embed`): so what follows a change is
 * written once, for a transaction as for the one statement of a hot path. Nothing may be decided by their rows. Gives
 * them, and what is to run once that one is committed.
 */
export async function collect(
  run: (tx: Tx) => Promise<unknown>,
): Promise<{ parts: Statement[]; works: (() => void)[] }> {
  const parts: Statement[] = [];
  const query = (statement: Statement) => Promise.resolve({ rows: [], rowCount: parts.push(statement) });
  const tx = { query } as unknown as Tx;
  await run(tx);
  return { parts, works: committed.get(tx) ?? [] };
}

/** Begins, follows the deadline, and says who acts. */
async function begin(client: pg.PoolClient): Promise<void> {
  const timeout = Math.ceil(Math.max(1, Math.min(remainingTime(STATEMENT_TIMEOUT_MS), 60_000)));
  await Promise.all([
    client.query("begin"),
    client.query({
      name: "begin",
      text: `select set_config('statement_timeout', $1, true), set_config('nano.actor', $2, true),
               set_config('nano.request_id', $3, true), set_config('nano.network', $4, true)`,
      values: [String(timeout), ...acting()],
    }),
  ]);
}

/** Who acts, in which request, from which network: what the audit triggers note. */
function acting(): [actor: string, request_id: string, network: string] {
  const { actor, request_id = "", network = "" } = currentContext() ?? {};
  return [actor ? actorName(actor) : "service", request_id, network];
}

/** Says who acts within a statement that is all of its transaction, as a part of it that has one row, to be read. */
export function sayWhoActs(bind: (value: unknown) => string): string {
  const [actor, request_id, network] = acting().map(bind);
  return `select set_config('nano.actor', ${actor}, true), set_config('nano.request_id', ${request_id}, true),
            set_config('nano.network', ${network}, true)`;
}

/** The name of the constraint that a statement ran against, if that is why it failed. */
function violated(error: unknown): string | undefined {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code?.startsWith("23") ? constraint : undefined;
}

/** Runs a statement and turns violated constraints, by name, into domain errors. */
export async function orElse<T>(work: Promise<T>, constraints: Record<string, () => Error>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw constraints[violated(error) ?? ""]?.() ?? error;
  }
}
