import { address, data } from "../shared/config.ts";

/** The settings of the cart service. */
export const settings = {
  ...data,
  /** Where the product service is. */
  PRODUCT_SERVICE_URL: address,
  /** Where the store service is. */
  STORE_SERVICE_URL: address,
};
