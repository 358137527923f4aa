import type { DeliverServiceServer } from "../../proto/gen/nano/store/v1/delivery.ts";
import { currentActor, requireService } from "../shared/auth.ts";
import { remainingTime } from "../shared/context.ts";
import type { Rpcs } from "../shared/grpc.ts";
import type { Log } from "../shared/log.ts";
import { currentTraceparent } from "../shared/trace.ts";
import { observeOutgoing } from "./deliver_metrics.ts";
import type { Sender } from "./send_request.ts";

const SEND_MS = 15_000;
/** What is left for the way back, so that a time-out is told rather than suffered. */
const WAY_BACK_MS = 250;

/** The RPCs of the process that sends webhooks and fetches images. */
export function createDeliverHandlers(sender: Sender, log: Log): Rpcs<DeliverServiceServer> {
  const observed = observeOutgoing(log);
  return {
    async checkTarget({ url }) {
      await sender.check(url);
      return {};
    },

    async send(request) {
      requireService(currentActor());
      return await observed("webhook", request.url, () => {
        const headers = { ...request.headers, ...traceHeader() };
        return sender.send({ ...request, headers }, timeLeft());
      });
    },

    async fetchImage({ url }) {
      requireService(currentActor());
      return await observed("image", url, () => sender.fetchImage(url, timeLeft()));
    },
  };
}

/** Hands the trace on to the merchant, by W3C Trace Context, if there is one. */
function traceHeader(): { traceparent?: string } {
  const traceparent = currentTraceparent();
  return traceparent ? { traceparent } : {};
}

function timeLeft(): number {
  return Math.min(SEND_MS, remainingTime(SEND_MS) - WAY_BACK_MS);
}
