import { address, data } from "../shared/config.ts";

/** The settings of the order service. */
export const settings = {
  ...data,
  /** Where carts are read and closed. */
  CART_SERVICE_URL: address,
  /** Where goods are priced and held. */
  PRODUCT_SERVICE_URL: address,
  /** Where stores are read, and told of events. */
  STORE_SERVICE_URL: address,
  /** Where payments are made. */
  PAYMENT_SERVICE_URL: address,
};
