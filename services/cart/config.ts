import { address, data, redisUrl } from "../shared/config.ts";

/** The settings of the cart service. */
export const settings = {
  ...data,
  /** Redis before the rows of open carts; without it they are read each time. */
  REDIS_URL: redisUrl,
  /** Where the product service is. */
  PRODUCT_SERVICE_URL: address,
  /** Where the store service is. */
  STORE_SERVICE_URL: address,
};
