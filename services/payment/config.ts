import { z } from "zod";
import { address, data } from "../shared/config.ts";

/** The settings of the payment service. */
export const settings = {
  ...data,
  /** The order service, which is told what became of payments. */
  ORDER_SERVICE_URL: address,
  /** The store service, which takes events. */
  STORE_SERVICE_URL: address,
  /** Whether the test method is offered in production too; outside it always is. */
  TEST_PAYMENTS: z.enum(["on", "off"]).default("off"),
  /** Stripe's secret (or restricted) key; with the webhook's secret it offers the method `stripe`. */
  STRIPE_SECRET_KEY: z.string().regex(/^[sr]k_(test|live)_\w+$/, "must be a secret or restricted key of Stripe")
    .optional(),
  /** What Stripe signs its webhooks with: the endpoint's signing secret. */
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_\S+$/, "must be an endpoint's signing secret of Stripe").optional(),
};
