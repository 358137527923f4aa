import { address, data } from "../shared/config.ts";

/** The settings of the product service. */
export const settings = {
  ...data,
  /** A replica of the database, for the catalogue that strangers read; with the service's own role. */
  DATABASE_REPLICA_URL: data.DATABASE_DIRECT_URL,
  /** The store service, which is told of events. */
  STORE_SERVICE_URL: address,
  /** The order service, which is asked about overdue holds. */
  ORDER_SERVICE_URL: address,
  /** Where the process is that fetches images. */
  DELIVER_SERVICE_URL: address,
};
