/** For tests only: the payment service over a socket with its jobs, its neighbours played by real gRPC servers. */
import { expect } from "@std/expect";
import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import {
  type OrderServiceServer,
  OrderServiceService,
  type RecordPaymentRequest,
} from "../../proto/gen/nano/order/v1/order.ts";
import {
  type AuthorizeRequest,
  type PaymentServiceServer,
  PaymentServiceService,
} from "../../proto/gen/nano/payment/v1/payment.ts";
import { StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { type JobHandlers, runJobs } from "../shared/jobs.ts";
import { createLog, type Log } from "../shared/log.ts";
import { createPool, type Pool } from "../shared/postgres.ts";
import type { EventStore } from "../shared/publish_event.ts";
import { as, type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs } from "./jobs.ts";
import { createManualProvider } from "./providers/manual.ts";
import { lineUp, type Provider } from "./providers/provider.ts";
import { createTestProvider } from "./providers/test.ts";
import { createRepository, type Repository } from "./repository.ts";

export { as };

const quiet = createLog("payment", { LOG_LEVEL: "ERROR" });
/** The store that everything belongs to, unless said otherwise. */
export const store_id = newId();
/** The lines of an order. */
export const shirt = newId(), mug = newId();

export let database: TestDatabase;
/** The payment service, over a socket. */
export let client: Rpcs<PaymentServiceServer>;
/** Its SQL, as the service has it. */
export let repository: Repository;
/** Its jobs, to be run at once; its own runner runs them too. */
export let jobs: JobHandlers;
/** What the order service was told. */
export const reports: RecordPaymentRequest[] = [];
/** What the store service was told. */
export const events: Event[] = [];
const closing: (() => Promise<unknown> | void)[] = [];

/** How long tok_slow takes here. */
export const SLOW_MS = 4_000;

/** Further providers, what the test provider does otherwise than it should, and where the service logs. */
export interface StartOptions {
  log?: Log;
  faults?: (real: Provider) => Partial<Provider>;
  more?: (pool: Pool) => { provider: Provider; offered: boolean }[];
}

/** The payment service over a socket, its jobs, and the two neighbours it tells, all real but for what these answer. */
export async function startPayment(
  { faults = () => ({}), more = () => [], log = quiet }: StartOptions = {},
): Promise<void> {
  database = await testDatabase("payment");
  const pool = createPool({ DATABASE_URL: database.url }, log);
  repository = createRepository(pool);
  const order = await neighbour<Pick<Rpcs<OrderServiceServer>, "recordPayment">>(OrderServiceService, {
    recordPayment: (request) => Promise.resolve(void reports.push(request)).then(() => ({})),
  });
  const store = await neighbour<EventStore>(StoreServiceService, {
    publishEvent: ({ event }) => Promise.resolve(void (event && events.push(event))).then(() => ({})),
    publishEvents: ({ events: following }) => {
      events.push(...following.flatMap(({ event }) => event ?? []));
      return Promise.resolve({ outcomes: following.map(() => ({ status: 0 })) });
    },
  });
  const test = createTestProvider(pool, { slow_ms: SLOW_MS, webhooks: true });
  const providers = lineUp([{ provider: { ...test, ...faults(test) }, offered: true }, {
    provider: createManualProvider(),
    offered: true,
  }, ...more(pool)]);
  const deps = { pool, repository, providers, neighbours: { order, store }, log };
  jobs = createJobs(deps);
  const server = createServer<PaymentServiceServer>(PaymentServiceService, createHandlers(deps), log);
  const port = await listen(server, "127.0.0.1:0");
  const runner = await runJobs(
    { DATABASE_URL: database.url },
    "payment",
    jobs,
    log,
  );
  const connected = connect<PaymentServiceServer>(PaymentServiceService, `127.0.0.1:${port}`);
  client = connected;
  closing.push(
    () => connected.close(),
    () => runner.stop(),
    () => runner.promise,
    () => stopServer(server, 500),
    () => pool.end(),
  );
}

/** Ends all of it. */
export async function stopPayment(): Promise<void> {
  for (const close of closing) await close();
  await database.drop();
}

async function neighbour<S>(definition: Record<string, { path: string }>, handlers: S): Promise<S> {
  const only = Object.fromEntries(Object.entries(definition).filter(([name]) => name in (handlers as object)));
  const server = createServer(only as never, handlers as never, quiet);
  const connected = connect(only as never, `127.0.0.1:${await listen(server, "127.0.0.1:0")}`);
  closing.push(() => (connected as { close(): void }).close(), () => stopServer(server, 500));
  return connected as S;
}

/** Staff of the store. */
export const manager: Actor = {
  kind: "user",
  user_id: newId(),
  role: "customer",
  store_roles: [{ store_id, role: "manager" }],
};
/** Staff with fewer rights. */
export const support: Actor = {
  kind: "user",
  user_id: newId(),
  role: "customer",
  store_roles: [{ store_id, role: "support" }],
};

/** A request for 15.01 for 3 shirts and 2 mugs. */
export function request(token: string, more: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
  return {
    payment_id: newId(),
    order_id: newId(),
    store_id,
    attempt: 1,
    amount: { amount: 1501, currency: "USD" },
    method: "test",
    token,
    lines: [{ id: shirt, variant_id: newId(), quantity: 3, total: 1000 }, {
      id: mug,
      variant_id: newId(),
      quantity: 2,
      total: 501,
    }],
    user_id: newId(),
    ...more,
  };
}

/** Asks for a payment as the order service does. */
export const authorize = (asked: AuthorizeRequest, milliseconds?: number) =>
  as(SYSTEM, () => client.authorize(asked), milliseconds);

/** A captured payment. */
export async function paid(more: Partial<AuthorizeRequest> = {}) {
  const payment = await authorize(request("tok_ok", more));
  expect(payment.status).toBe("captured");
  return payment;
}

/** Asks for a refund under a key of its own. */
export function refund(
  payment_id: string,
  more: Partial<Parameters<typeof client.refundPayment>[0]> = {},
  actor = manager,
) {
  const idempotency_key = { key: newId(), fingerprint: "f" };
  return as(
    actor,
    () => client.refundPayment({ payment_id, idempotency_key, items: [], restock: false, reason: "broken", ...more }),
  );
}

/** Sets whether a store's money is taken at once. */
export const setCapture = (capture: string, actor = manager, store = store_id) =>
  as(actor, () => client.putSettings({ store_id: store, capture }));

/** Captures under a key of its own. */
export function capture(
  payment_id: string,
  amount?: number,
  more: Partial<Parameters<typeof client.capturePayment>[0]> = {},
  actor = manager,
) {
  const idempotency_key = { key: newId(), fingerprint: "f" };
  const part = amount === undefined ? {} : { amount: { amount, currency: "USD" } };
  return as(actor, () => client.capturePayment({ payment_id, idempotency_key, ...part, ...more }));
}

/** Voids under a key of its own. */
export function voidPayment(
  payment_id: string,
  more: Partial<Parameters<typeof client.voidPayment>[0]> = {},
  actor = manager,
) {
  const idempotency_key = { key: newId(), fingerprint: "f" };
  return as(actor, () => client.voidPayment({ payment_id, idempotency_key, ...more }));
}

/** The refusal that a call must end with. */
export async function refusal(work: Promise<unknown>): Promise<NanoError> {
  const thrown = await work.then(() => undefined, (error) => error);
  expect(thrown).toBeInstanceOf(NanoError);
  return thrown as NanoError;
}

/** Waits for what a job does. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it did not happen within 15 s");
}

/** Waits until a payment has a status. */
export const becomes = (id: string, status: string) =>
  eventually(async () => {
    const payment = await as(SYSTEM, () => client.getPayment({ id }));
    return payment.status === status ? payment : undefined;
  });

/** What the provider's own book says of an order. */
export async function charges(order_id: string) {
  const { rows } = await database.owner.query("select * from payment.test_charges where key like $1", [
    `${order_id}:%`,
  ]);
  return rows;
}

/** The balance of each side of the ledger for a payment. */
export async function ledger(payment_id: string): Promise<Record<string, number>> {
  const { rows } = await database.owner.query(
    `select account, sum(amount)::int as amount from payment.ledger_postings join payment.ledger_transactions t on t.id = transaction_id
     where payment_id = $1 group by account`,
    [payment_id],
  );
  return Object.fromEntries(rows.map((row) => [String(row.account).split(":")[0], row.amount]));
}
