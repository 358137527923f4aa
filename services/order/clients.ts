import {
  type CartServiceServer,
  CartServiceService,
  type Checkout,
  type CheckoutLine,
} from "../../proto/gen/nano/cart/v1/cart.ts";
import {
  type AuthorizeRequest,
  type Payment,
  type PaymentServiceServer,
  PaymentServiceService,
} from "../../proto/gen/nano/payment/v1/payment.ts";
import {
  type Offer,
  type ProductServiceServer,
  ProductServiceService,
  type ReserveStockRequest,
  type ReturnStockRequest,
} from "../../proto/gen/nano/product/v1/product.ts";
import { type Store, type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import { asSystem, remainingTime, withTimeout } from "../shared/context.ts";
import { unlessMissing } from "../shared/errors.ts";
import { connect } from "../shared/grpc.ts";
import type { EventStore } from "../shared/publish_event.ts";
import { remember } from "../shared/remember.ts";

/** What the order service needs of its neighbours: all of its coupling. Only the cart is asked as the buyer. */
export interface Neighbours {
  cart: {
    /** The buyer's open cart; undefined if there is none. */
    getCheckout(store_id: string): Promise<Checkout | undefined>;
    /** Idempotent per order; what the buyer added beyond these lines stays. Throws `cart_ordered` if it became another order. */
    closeCart(cart_id: string, order_id: string, lines: CheckoutLine[]): Promise<void>;
  };
  product: {
    /** What is sold of these variants; the others are left out. */
    getOffers(store_id: string, variant_ids: string[]): Promise<Offer[]>;
    /** All lines or none; idempotent per order. Throws `out_of_stock`. Undone by releaseStock. */
    reserveStock(request: ReserveStockRequest): Promise<void>;
    /** Idempotent; after it the order can't hold anything any more. */
    releaseStock(order_id: string): Promise<void>;
    /** Takes what is held off the shelf; idempotent. Undone by returnStock. */
    commitStock(order_id: string): Promise<void>;
    /** Idempotent per key. */
    returnStock(request: ReturnStockRequest): Promise<void>;
  };
  store: EventStore & {
    /** A store as it is: whether it takes orders, and at which tax, is decided on the truth. */
    getStore(id: string): Promise<Store>;
  };
  payment: {
    /** Idempotent per order and attempt. Undone by cancelPayments. */
    authorize(request: AuthorizeRequest): Promise<Payment>;
    /** The ids of the methods on offer, at most 10 s old; undefined where the payment service does not tell. */
    methods(store_id: string): Promise<string[] | undefined>;
    /** Undefined if the payment service never heard of it. */
    getPayment(id: string): Promise<Payment | undefined>;
    /** Voids or refunds what an order's payments still hold; idempotent. */
    cancelPayments(order_id: string, reason: string): Promise<Payment[]>;
    /** Refunds one payment in full; once, whatever the number of calls. */
    refundPayment(payment_id: string, reason: string): Promise<void>;
  };
}

/** The buyer waits so long for a payment's final answer: the provider's 8 s, and a little to hear of it. */
const AUTHORIZE_MS = 9_000;
/** What is left of the request after that, to write the outcome down. */
const MARGIN_MS = 500;

/** For how long a store's methods are remembered. */
const FRESH_MS = 10_000;
const MAX_STORES = 1_000;
/** How long they are waited for. */
const METHODS_MS = 1_000;

/** Connects to the neighbours. */
export function createClients(config: {
  CART_SERVICE_URL: string;
  PRODUCT_SERVICE_URL: string;
  STORE_SERVICE_URL: string;
  PAYMENT_SERVICE_URL: string;
}): { neighbours: Neighbours; close(): void } {
  const cart = connect<CartServiceServer>(CartServiceService, config.CART_SERVICE_URL, ["closeCart"]);
  const product = connect<ProductServiceServer>(ProductServiceService, config.PRODUCT_SERVICE_URL, [
    "reserveStock",
    "releaseStock",
    "commitStock",
    "returnStock",
  ]);
  const store = connect<StoreServiceServer>(StoreServiceService, config.STORE_SERVICE_URL, [
    "publishEvent",
    "publishEvents",
  ]);
  const payment = connect<PaymentServiceServer>(PaymentServiceService, config.PAYMENT_SERVICE_URL, [
    "authorize",
    "cancelPayments",
    "refundPayment",
  ]);
  const offered = remember<string[]>(FRESH_MS, MAX_STORES);

  const neighbours: Neighbours = {
    cart: {
      getCheckout: (store_id) => unlessMissing(cart.getCheckout({ store_id })),
      closeCart: (cart_id, order_id, lines) =>
        asSystem(() => cart.closeCart({ cart_id, order_id, lines })).then(() => {}),
    },
    product: {
      getOffers: async (store_id, variant_ids) =>
        (await asSystem(() => product.getOffers({ store_id, variant_ids, product_ids: [] }))).data,
      reserveStock: (request) => asSystem(() => product.reserveStock(request)).then(() => {}),
      releaseStock: (order_id) => asSystem(() => product.releaseStock({ order_id })).then(() => {}),
      commitStock: (order_id) => asSystem(() => product.commitStock({ order_id })).then(() => {}),
      returnStock: (request) => asSystem(() => product.returnStock(request)).then(() => {}),
    },
    store: {
      getStore: (id) => asSystem(() => store.getStore({ id_or_slug: id })),
      publishEvent: (request) => store.publishEvent(request),
      publishEvents: (request) => store.publishEvents(request),
    },
    payment: {
      authorize: (request) =>
        withTimeout(
          Math.min(AUTHORIZE_MS, remainingTime(AUTHORIZE_MS + MARGIN_MS) - MARGIN_MS),
          () => asSystem(() => payment.authorize(request)),
        ),
      async methods(store_id) {
        const found = offered.get(store_id);
        if (found) return found;
        try {
          const { data } = await withTimeout(METHODS_MS, () => asSystem(() => payment.listMethods({ store_id })));
          const ids = data.map(({ id }) => id);
          offered.set(store_id, ids);
          return ids;
        } catch {
          return undefined;
        }
      },
      getPayment: (id) => unlessMissing(asSystem(() => payment.getPayment({ id }))),
      cancelPayments: async (order_id, reason) =>
        (await asSystem(() => payment.cancelPayments({ order_id, reason }))).data,
      refundPayment: (payment_id, reason) =>
        asSystem(() => {
          const idempotency_key = { key: `duplicate:${payment_id}`, fingerprint: "duplicate" };
          return payment.refundPayment({ payment_id, idempotency_key, items: [], restock: false, reason });
        }).then(() => {}),
    },
  };
  return { neighbours, close: () => [cart, product, store, payment].forEach((client) => client.close()) };
}
