import { status } from "@grpc/grpc-js";
import {
  type FollowingEvent,
  type PublishOutcome,
  type StoreServiceServer,
  StoreServiceService,
} from "../../proto/gen/nano/store/v1/store.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { type Context, currentContext } from "../shared/context.ts";
import { packError } from "../shared/error_details.ts";
import { invalid, unavailable } from "../shared/errors.ts";
import { type Rpcs, serving } from "../shared/grpc.ts";
import { validTraceparent } from "../shared/trace.ts";
import type { Deps } from "./deps.ts";
import { createPublishEvent } from "./publish_event.ts";

/** The RPCs by which the other services tell what happened. */
export function createEventHandlers(
  deps: Deps,
): Pick<Rpcs<StoreServiceServer>, "publishEvent" | "publishEvents"> {
  const publish = createPublishEvent(deps);
  const serve = serving("publishEvent", StoreServiceService.publishEvent.path, deps.log);

  const handlers: Pick<Rpcs<StoreServiceServer>, "publishEvent" | "publishEvents"> = {
    async publishEvent({ event }) {
      requireService(currentActor());
      if (!event) throw invalid("invalid_event", "There is no event.");
      await publish(event);
      return {};
    },

    async publishEvents({ events }) {
      requireService(currentActor());
      const outcomes = await Promise.all(events.map(outcomeOf));
      // Nothing could be done: the caller soon tries it again by itself.
      if (outcomes.length && outcomes.every((one) => one.status === status.UNAVAILABLE)) throw unavailable();
      return { outcomes };
    },
  };

  /** Takes an event as if it had come alone: in the context and the trace of the request that it follows. */
  async function outcomeOf({ event, request_id, traceparent }: FollowingEvent): Promise<PublishOutcome> {
    const call = currentContext() as Context;
    const context = { ...call, request_id: request_id || call.request_id, traceparent: validTraceparent(traceparent) };
    let outcome: PublishOutcome = { status: status.OK };
    await serve(context, () => handlers.publishEvent({ event }), (error) => {
      if (error) outcome = packError(error);
    });
    return outcome;
  }

  return handlers;
}
