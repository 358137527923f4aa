import { type CartServiceServer, CartServiceService } from "../../proto/gen/nano/cart/v1/cart.ts";
import { type OrderServiceServer, OrderServiceService } from "../../proto/gen/nano/order/v1/order.ts";
import { type PaymentServiceServer, PaymentServiceService } from "../../proto/gen/nano/payment/v1/payment.ts";
import { type ProductServiceServer, ProductServiceService } from "../../proto/gen/nano/product/v1/product.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { type UserServiceServer, UserServiceService } from "../../proto/gen/nano/user/v1/user.ts";
import { connect } from "../shared/grpc.ts";
import type { Config } from "./config.ts";

/** The six services, each as async functions. Writes under an idempotency key, and idempotent ones, may be retried. */
export function createClients(config: Config) {
  return {
    user: connect<UserServiceServer>(UserServiceService, config.USER_SERVICE_URL, ["linkCustomer", "logout"]),
    product: connect<ProductServiceServer>(ProductServiceService, config.PRODUCT_SERVICE_URL, [
      "putMediaChunk",
      "finishMedia",
      "importProducts",
    ]),
    cart: connect<CartServiceServer>(CartServiceService, config.CART_SERVICE_URL, [
      "mergeCarts",
      "clearCart",
      "setItem",
    ]),
    order: connect<OrderServiceServer>(OrderServiceService, config.ORDER_SERVICE_URL, ["placeOrder", "payOrder"]),
    payment: connect<PaymentServiceServer>(PaymentServiceService, config.PAYMENT_SERVICE_URL, [
      "refundPayment",
      "capturePayment",
      "voidPayment",
      "putSettings",
      "receiveWebhook",
    ]),
    store: connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL),
  };
}

/** The gateway's neighbours. */
export type Clients = ReturnType<typeof createClients>;
