import { type CartServiceServer, CartServiceService } from "../../proto/gen/nano/cart/v1/cart.ts";
import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type PaymentServiceServer, PaymentServiceService } from "../../proto/gen/nano/payment/v1/payment.ts";
import { type Store, type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { asSystem } from "../shared/context.ts";
import { connect } from "../shared/grpc.ts";
import type { EventStore } from "../shared/publish_event.ts";

/** What the user service needs of its neighbours: mostly to erase somebody. Each call may be repeated. */
export interface Neighbours {
  store: EventStore & {
    getStore(request: { id_or_slug: string }): Promise<Store>;
  };
  /** The numbers of a user's orders that are under way, and of a guest's under an e-mail address that is proven. */
  openOrders(user_id: string, email: string | undefined): Promise<number[]>;
  /** Gives the ids of the orders. Throws `orders_in_progress`. */
  eraseOrders(user_id: string, email: string | undefined): Promise<string[]>;
  erasePayments(user_id: string, order_ids: string[]): Promise<void>;
  eraseCarts(user_id: string): Promise<void>;
  eraseEvents(user_id: string, order_ids: string[]): Promise<void>;
}

interface Addresses {
  CART_SERVICE_URL: string;
  ORDER_SERVICE_URL: string;
  PAYMENT_SERVICE_URL: string;
  STORE_SERVICE_URL: string;
}

/** The neighbours over gRPC. */
export function createClients(config: Addresses): { neighbours: Neighbours; close(): void } {
  const cart = connect<CartServiceServer>(CartServiceService, config.CART_SERVICE_URL, ["erasePerson"]);
  const order = connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL, ["erasePerson"]);
  const payment = connect<PaymentServiceServer>(PaymentServiceService, config.PAYMENT_SERVICE_URL, ["erasePerson"]);
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
    "publishEvent",
    "publishEvents",
    "erasePerson",
  ]);
  const neighbours: Neighbours = {
    store,
    openOrders: async (user_id, email) =>
      (await asSystem(() => order.listOpenOrders({ user_id, ...(email ? { email } : {}) }))).numbers,
    eraseOrders: async (user_id, email) =>
      (await asSystem(() => order.erasePerson({ user_id, order_ids: [], ...(email ? { email } : {}) }))).order_ids,
    erasePayments: async (user_id, order_ids) => void await asSystem(() => payment.erasePerson({ user_id, order_ids })),
    eraseCarts: async (user_id) => void await asSystem(() => cart.erasePerson({ user_id, order_ids: [] })),
    eraseEvents: async (user_id, order_ids) => void await asSystem(() => store.erasePerson({ user_id, order_ids })),
  };
  return { neighbours, close: () => [cart, order, payment, store].forEach((client) => client.close()) };
}
