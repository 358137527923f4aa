import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect } from "../shared/grpc.ts";

/**
 * The neighbours of the product service: store, which takes its events, deliver, which fetches images for it, and
 * order, which it asks about holds that are overdue. All by jobs only.
 */
export function createClients(
  config: { STORE_SERVICE_URL: string; DELIVER_SERVICE_URL: string; ORDER_SERVICE_URL: string },
) {
  return {
    order: connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL),
    store: connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
      "publishEvent",
      "publishEvents",
    ]),
    deliver: connect<DeliverServiceServer>(DeliverServiceService, config.DELIVER_SERVICE_URL, ["fetchImage"]),
  };
}

export type Clients = ReturnType<typeof createClients>;
