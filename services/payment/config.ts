import { z } from "zod";
import { address, data } from "../shared/config.ts";

/** The settings of the payment service. */
export const schema = {
  ...data,
  /** The order service, which is told what became of payments. */
  ORDER_SERVICE_URL: address,
  /** The store service, which takes events. */
  STORE_SERVICE_URL: address,
  /** Whether the test method is offered in production too; outside it always is. */
  TEST_PAYMENTS: z.enum(["on", "off"]).default("off"),
};
