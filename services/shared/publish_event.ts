import type { Event } from "../../proto/gen/nano/common/v1/common.ts";
import { FollowingEvent, type PublishOutcome, type StoreServiceServer } from "../../proto/gen/nano/store/v1/store.ts";
import { inBatches } from "./batches.ts";
import { currentContext } from "./context.ts";
import { unpackError } from "./error_details.ts";
import { NanoError } from "./errors.ts";
import type { Rpcs } from "./grpc.ts";
import { currentTraceparent } from "./trace.ts";

/** The store service, as far as events need it. */
export type EventStore = Pick<Rpcs<StoreServiceServer>, "publishEvent" | "publishEvents">;

/** The job that hands an event to the store service, in one call with others that are due. Each fails for itself. */
export function publishEvent(store: EventStore): (payload: unknown) => Promise<void> {
  const publish = inBatches<FollowingEvent, PublishOutcome>(
    async (events) => (await store.publishEvents({ events })).outcomes,
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
      await store.publishEvent({ event });
    }
  };
}
