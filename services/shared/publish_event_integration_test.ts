import { expect } from "@std/expect";
import { after, describe, it } from "@std/testing/bdd";
import {
  type PublishEventsRequest,
  type StoreServiceServer,
  StoreServiceService,
} from "../../proto/gen/nano/store/v1/store.ts";
import { SYSTEM, withContext } from "./context.ts";
import { packError } from "./error_details.ts";
import { invalid, type NanoError, unavailable } from "./errors.ts";
import { connect, createServer, listen, stopServer } from "./grpc.ts";
import { createLog } from "./log.ts";
import { type EventStore, publishEvent } from "./publish_event.ts";

const { publishEvent: one, publishEvents: several } = StoreServiceService;
const log = createLog("test", { LOG_LEVEL: "ERROR" });
const closing: (() => unknown)[] = [];

after(async () => {
  for (const close of closing) await close();
});

/** The job of a publisher whose store service has these RPCs. */
async function publisher(rpcs: Partial<EventStore>) {
  const known = { ...(rpcs.publishEvent ? { publishEvent: one } : {}), publishEvents: several };
  const served = rpcs.publishEvents ? known : { publishEvent: one };
  const server = createServer<EventStore>(served as never, rpcs as never, log);
  const port = await listen(server, "127.0.0.1:0");
  const client = connect<StoreServiceServer>(StoreServiceService, `127.0.0.1:${port}`);
  closing.push(() => client.close(), () => stopServer(server, 200));
  const publish = publishEvent(client);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return (id: string, changed: object = {}) =>
    withContext(
      { request_id: `request of ${id}`, actor: SYSTEM, deadline: Date.now() + 10_000, traceparent },
      () => {
        const event = { id, type: "order.paid", store_id: "s1", time: "2026-01-05T10:00:00.000Z", data_json: "{}" };
        return publish({ ...event, ...changed });
      },
    );
}

describe("publishEvent()", () => {
  it("hands over in one call what is due at the same time, each with its request's id and trace", async () => {
    const calls: PublishEventsRequest[] = [];
    const publish = await publisher({
      publishEvents: (request) => {
        calls.push(request);
        return Promise.resolve({ outcomes: request.events.map(() => ({ status: 0 })) });
      },
    });
    await Promise.all(["e1", "e2", "e3"].map((id) => publish(id)));
    expect(calls.map(({ events }) => events)).toEqual([["e1", "e2", "e3"].map((id) => ({
      event: { id, type: "order.paid", store_id: "s1", time: new Date("2026-01-05T10:00:00Z"), data_json: "{}" },
      request_id: `request of ${id}`,
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-/),
    }))]);
  });

  it("fails the job of an event that is refused, by its own error, and no other", async () => {
    const refused = packError(invalid("invalid_event", "It is none.", "/time"));
    const publish = await publisher({
      publishEvents: ({ events }) =>
        Promise.resolve({ outcomes: events.map(({ event }) => event?.id === "bad" ? refused : { status: 0 }) }),
    });
    const [, bad, ...rest] = await Promise.allSettled(["e1", "bad", "e2"].map((id) => publish(id)));
    expect((bad as PromiseRejectedResult).reason).toMatchObject({
      kind: "invalid",
      code: "invalid_event",
      extras: { errors: [{ pointer: "/time" }] },
    });
    expect(rest.map(({ status }) => status)).toEqual(["fulfilled"]);
  });

  it("fails the job of what can't be sent, and no other", async () => {
    const taken: (string | undefined)[] = [];
    const publish = await publisher({
      publishEvents: ({ events }) => {
        taken.push(...events.map(({ event }) => event?.id));
        return Promise.resolve({ outcomes: events.map(() => ({ status: 0 })) });
      },
    });
    const all = await Promise.allSettled([publish("e1"), publish("bad", { time: undefined }), publish("e2")]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(taken).toEqual(["e1", "e2"]);
  });

  it("fails each job while the store service is away", async () => {
    const publish = await publisher({ publishEvents: () => Promise.reject(unavailable()) });
    const all = await Promise.allSettled(["e1", "e2"].map((id) => publish(id)));
    expect(all.map((one) => one.status === "rejected" && (one.reason as NanoError).kind)).toEqual([
      "unavailable",
      "unavailable",
    ]);
  });

  it("gives up a store service that does not answer within 3 s, and leaves it alone for a moment", async () => {
    let calls = 0;
    const publish = await publisher({ publishEvents: () => (calls++, new Promise(() => {})) });
    const kinds = async (...ids: string[]) =>
      (await Promise.allSettled(ids.map((id) => publish(id)))).map((one) =>
        one.status === "rejected" && (one.reason as NanoError).kind
      );
    const started = Date.now();
    expect(await kinds("e1", "e2")).toEqual(["timeout", "timeout"]);
    expect(Date.now() - started).toBeLessThan(9_000);
    expect(await kinds("e3", "e4")).toEqual(["unavailable", "unavailable"]);
    expect(calls).toBe(1);
  });

  it("hands them over one by one to a store service of the release before", async () => {
    const taken: (string | undefined)[] = [];
    const publish = await publisher({
      publishEvent: ({ event }) => {
        taken.push(event?.id);
        return event?.id === "bad" ? Promise.reject(invalid("invalid_event", "It is none.")) : Promise.resolve({});
      },
    });
    const all = await Promise.allSettled(["e1", "bad", "e2"].map((id) => publish(id)));
    expect(taken.sort()).toEqual(["bad", "e1", "e2"]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
