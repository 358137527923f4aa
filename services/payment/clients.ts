import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect, type Rpcs } from "../shared/grpc.ts";
import type { EventStore } from "../shared/publish_event.ts";

/** What the payment service's jobs need of its neighbours; each call is idempotent. */
export interface Neighbours {
  order: Pick<Rpcs<OrderServiceServer>, "recordPayment">;
  store: EventStore;
}

/** The neighbours over gRPC. */
export function createClients(
  config: { ORDER_SERVICE_URL: string; STORE_SERVICE_URL: string },
): { neighbours: Neighbours; close(): void } {
  const order = connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL, ["recordPayment"]);
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
    "publishEvent",
    "publishEvents",
  ]);
  return { neighbours: { order, store }, close: () => [order, store].forEach((client) => client.close()) };
}
