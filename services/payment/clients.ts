import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect, type Rpcs } from "../shared/grpc.ts";
import type { EventStore } from "../shared/publish_event.ts";

/** The order service, as far as jobs need it. */
export type OrderClient = Pick<Rpcs<OrderServiceServer>, "recordPayment">;

/** The store service, as far as jobs need it. */
export type StoreClient = EventStore;

/** The neighbours, for jobs only; both calls are idempotent. */
export function createClients(config: { ORDER_SERVICE_URL: string; STORE_SERVICE_URL: string }) {
  return {
    order: connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL, ["recordPayment"]),
    store: connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
      "publishEvent",
      "publishEvents",
    ]),
  };
}
