import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type DeliverServiceServer, DeliverServiceService } from "../../proto/gen/nano/store/v1/delivery.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { connect, type Rpcs } from "../shared/grpc.ts";
import type { EventStore } from "../shared/publish_event.ts";

/** What the product service's jobs need of its neighbours. */
export interface Neighbours {
  /** Tells what is to become of holds that are overdue. */
  order: Pick<Rpcs<OrderServiceServer>, "getHold">;
  store: EventStore;
  /** Fetches images from elsewhere. */
  deliver: Pick<Rpcs<DeliverServiceServer>, "fetchImage">;
}

/** The neighbours over gRPC. */
export function createClients(
  config: { STORE_SERVICE_URL: string; DELIVER_SERVICE_URL: string; ORDER_SERVICE_URL: string },
): { neighbours: Neighbours; close(): void } {
  const order = connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL);
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
    "publishEvent",
    "publishEvents",
  ]);
  const deliver = connect<DeliverServiceServer>(DeliverServiceService, config.DELIVER_SERVICE_URL, ["fetchImage"]);
  return {
    neighbours: { order, store, deliver },
    close: () => [order, store, deliver].forEach((client) => client.close()),
  };
}
