import { address, data } from "../shared/config.ts";

/** The settings of the product service. */
export const settings = {
  ...data,
  /** The store service, which is told of events. */
  STORE_SERVICE_URL: address,
  /** The order service, which is asked about overdue holds. */
  ORDER_SERVICE_URL: address,
  /** Where the process is that fetches images. */
  DELIVER_SERVICE_URL: address,
};
