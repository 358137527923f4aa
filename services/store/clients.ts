import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { withTimeout } from "../shared/context.ts";
import { connect } from "../shared/grpc.ts";
import type { Outcome, OutgoingRequest } from "./send_request.ts";

/** What the store service asks of its only neighbour, the process that sends webhooks. */
export interface Neighbours {
  deliver: {
    /** Refuses a URL that no webhook may go to. Throws `webhook_url_refused`. */
    check(url: string): Promise<void>;
    /** Posts a request once. */
    send(request: OutgoingRequest): Promise<Outcome>;
  };
}

/** What a request may take, and a little for the way. */
const SEND_MS = 16_000;

/** The sender of webhooks over gRPC. */
export function createClients(config: { DELIVER_SERVICE_URL: string }): { neighbours: Neighbours; close(): void } {
  const client = connect<DeliverServiceServer>(DeliverServiceService, config.DELIVER_SERVICE_URL);
  const deliver: Neighbours["deliver"] = {
    async check(url) {
      await client.checkTarget({ url });
    },
    async send(request) {
      const { status, response_start, duration_ms, error } = await withTimeout(SEND_MS, () => client.send(request));
      return {
        response_start,
        duration_ms,
        ...(status === undefined ? {} : { status }),
        ...(error === undefined ? {} : { error }),
      };
    },
  };
  return { neighbours: { deliver }, close: () => client.close() };
}
