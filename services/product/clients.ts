import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect } from "../shared/grpc.ts";

/** The neighbours of the product service: store, which takes its events, and deliver, which fetches images for it. */
export function createClients(config: { STORE_SERVICE_URL: string; DELIVER_SERVICE_URL: string }) {
  return {
    store: connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, ["publishEvent"]),
    deliver: connect<DeliverServiceServer>(DeliverServiceService, config.DELIVER_SERVICE_URL, ["fetchImage"]),
  };
}

export type Clients = ReturnType<typeof createClients>;
