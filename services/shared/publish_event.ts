import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { FollowingEvent, type PublishOutcome, type StoreServiceServer } from "../../proto/gen/nano/store/v1/store.ts";
import { inBatches } from "./batches.ts";
import { currentContext, withTimeout } from "./context.ts";
import { unpackError } from "./error_details.ts";
import { NanoError, toNanoError, unavailable } from "./errors.ts";
import type { Rpcs } from "./grpc.ts";
import { currentTraceparent } from "./trace.ts";

/** The store service, as far as events need it. */
export type EventStore = Pick<Rpcs<StoreServiceServer>, "publishEvent" | "publishEvents">;

/** How long the store service may take for an answer; and how long it is left alone once it took longer. */
const ANSWER_MS = 3_000;
const REST_MS = 1_000;

/** The job that hands an event to the store service, in one call with others that are due. Each fails for itself. */
export function publishEvent(store: EventStore): (payload: unknown) => Promise<void> {
  let rested = 0;

  /** Asks the store service. While it hangs, jobs fail soon, to come again later, rather than pile up. */
  async function ask<T>(call: () => Promise<T>): Promise<T> {
    if (Date.now() < rested) throw unavailable();
    try {
      return await withTimeout(ANSWER_MS, call);
    } catch (error) {
      if (toNanoError(error).kind === "timeout") rested = Date.now() + REST_MS;
      throw error;
    }
  }

  const publish = inBatches<FollowingEvent, PublishOutcome>(
    async (events) => (await ask(() => store.publishEvents({ events }))).outcomes,
    (one) => FollowingEvent.encode(one).finish().length,
  );
  return async (payload) => {
    const given = payload as Event;
    const event = { ...given, time: new Date(given.time as unknown as string) };
    const { request_id = "" } = currentContext() ?? {};
    try {
      const { status, error } = await publish({ event, request_id, traceparent: currentTraceparent() });
      if (error) throw unpackError(status, error);
    } catch (error) {
      // A store service of the release before takes them one by one.
      if (!(error instanceof NanoError && error.extras.unknown_rpc)) throw error;
      await ask(() => store.publishEvent({ event }));
    }
  };
}
