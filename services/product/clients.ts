import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect } from "../shared/grpc.ts";

/** The neighbours of the product service: store, which takes its events. */
export function createClients(config: { STORE_SERVICE_URL: string }) {
  return { store: connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, ["publishEvent"]) };
}

export type Clients = ReturnType<typeof createClients>;
