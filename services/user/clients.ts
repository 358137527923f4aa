import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect } from "../shared/grpc.ts";

/** The one neighbour: the store service, which tells merchants what happened. */
export function createClients(config: { STORE_SERVICE_URL: string }) {
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, ["publishEvent"]);
  return { store, close: () => store.close() };
}

export type Clients = ReturnType<typeof createClients>;
