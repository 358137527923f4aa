/** For tests only: the store service with its sender and merchants' servers, its webhook jobs run by hand. */
import { expect } from "@std/expect";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import type { Actor } from "../shared/auth.ts";
import { SYSTEM } from "../shared/context.ts";
import { NanoError } from "../shared/errors.ts";
import { connect, createServer, listen, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { as, testDatabase } from "../shared/testing.ts";
import { createHandlers } from "./handlers.ts";
import { createJobs } from "./jobs.ts";
import { log, type Receiver, startDeliver, startReceiver, storeDeps } from "./testing.ts";

export { as };

export const admin: Actor = { kind: "user", user_id: newId(), role: "admin", store_roles: [] };

/** Somebody with a role in a store. */
export function staffOf(store_id: string, role: string): Actor {
  return { kind: "user", user_id: newId(), role: "customer", store_roles: [{ store_id, role }] };
}

/** The refusal of a call as "kind code". */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  expect(error).toBeInstanceOf(NanoError);
  return `${error.kind} ${error.code}`;
}

export type WebhookWorld = Awaited<ReturnType<typeof startWebhookWorld>>;

/** A store service on a database of its own, and what tests do with it. */
export async function startWebhookWorld() {
  const database = await testDatabase("store");
  const sender = await startDeliver();
  const deps = await storeDeps(database, sender.address);
  const server = createServer<StoreServiceServer>(StoreServiceService, createHandlers(deps), log);
  const port = await listen(server, "127.0.0.1:0");
  const client = connect<StoreServiceServer>(StoreServiceService, `127.0.0.1:${port}`);
  const receivers: Receiver[] = [];
  const own = createJobs(deps);

  /** Runs one job; with other deps, as a process that has those would. */
  async function run(payload: unknown, more?: Partial<typeof deps>): Promise<void> {
    const jobs = more ? createJobs({ ...deps, ...more }) : own;
    await as(SYSTEM, () => jobs["deliver_webhook"]?.(payload) ?? Promise.reject(new Error("there is no such job")));
  }

  /** The jobs that wait for a webhook's deliveries, with the seconds until they run. */
  async function waiting(webhook_id: string) {
    const { rows } = await database.owner.query<
      { id: string; payload: { delivery_id: string }; queue: string; seconds: number }
    >(
      `select j.id, j.payload, q.queue_name as queue, extract(epoch from j.run_at - now())::float as seconds
       from store_jobs._private_jobs j join store_jobs._private_job_queues q on q.id = j.job_queue_id
         join store.webhook_deliveries d on d.id = (j.payload ->> 'delivery_id')::uuid
       where d.endpoint_id = $1 order by j.id`,
      [webhook_id],
    );
    return rows;
  }

  async function newStore(): Promise<string> {
    const store = { slug: `s-${crypto.randomUUID().slice(0, 8)}`, name: "A store", currency: "USD", country: "US" };
    return (await as(admin, () => client.createStore({ store }))).id;
  }

  return {
    database,
    deps,
    client,
    run,
    waiting,

    /** A merchant's server, until the test ends. */
    receive(answer?: Parameters<typeof startReceiver>[0]): Receiver {
      const receiver = startReceiver(answer);
      receivers.push(receiver);
      return receiver;
    },

    /** A webhook, by default in a store of its own. */
    async subscribe(url: string, event_types = ["*"], store_id?: string) {
      const input = { url, description: "", event_types };
      const own = store_id ?? await newStore();
      const { webhook, secret } = await as(admin, () => client.createWebhook({ store_id: own, webhook: input }));
      if (!webhook) throw new Error("there is no webhook in the answer");
      return { ...webhook, secret };
    },

    /** Publishes an event; gives its id. */
    async publish(store_id: string, type: string, data: object = { id: newId() }, id = newId()): Promise<string> {
      const event = { id, type, store_id, time: new Date(), data_json: JSON.stringify(data) };
      await as(SYSTEM, () => client.publishEvent({ event }));
      return id;
    },

    /** Runs what waits for a webhook, as if its time had come. */
    async runWaiting(webhook_id: string, rounds = 1): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        for (const job of await waiting(webhook_id)) {
          await database.owner.query("delete from store_jobs._private_jobs where id = $1", [job.id]);
          await run(job.payload);
        }
      }
    },

    webhookOf: (id: string) => as(admin, () => client.getWebhook({ id })),

    /** A webhook's deliveries with their logs, the newest first. */
    async deliveries(webhook_id: string) {
      const { data } = await as(admin, () => client.listWebhookDeliveries({ webhook_id, limit: 100, count: false }));
      return await Promise.all(data.map(({ id }) => as(admin, () => client.getWebhookDelivery({ id }))));
    },

    async closeReceivers(): Promise<void> {
      for (let one = receivers.pop(); one; one = receivers.pop()) await one.stop();
    },

    async close(): Promise<void> {
      client.close();
      await stopServer(server, 1_000);
      deps.close();
      await sender.stop();
      await database.drop();
    },
  };
}
