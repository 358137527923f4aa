import type { Pool } from "../../shared/postgres.ts";
import { createManualProvider } from "./manual.ts";
import { lineUp, type Providers } from "./provider.ts";
import { createTestProvider } from "./test.ts";

/** The settings that decide which providers there are. */
export interface ProviderConfig {
  ENVIRONMENT: "development" | "production";
  TEST_PAYMENTS: "on" | "off";
  STRIPE_SECRET_KEY?: string | undefined;
  STRIPE_WEBHOOK_SECRET?: string | undefined;
}

/**
 * The providers of this installation. One that is not offered (test payments in production, Stripe without its webhook
 * secret) still finds and gives back what it once took.
 */
export async function createProviders(config: ProviderConfig, pool: Pool): Promise<Providers> {
  const development = config.ENVIRONMENT !== "production";
  return lineUp([
    {
      provider: createTestProvider(pool, { webhooks: development }),
      offered: development || config.TEST_PAYMENTS === "on",
    },
    { provider: createManualProvider(), offered: true },
    ...await stripe(config),
  ]);
}

/** Loaded only where it is used: the SDK is the largest library of the service. */
async function stripe({ STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET }: ProviderConfig) {
  if (!STRIPE_SECRET_KEY) return [];
  const { createStripeProvider } = await import("./stripe.ts");
  const provider = createStripeProvider({ secret_key: STRIPE_SECRET_KEY, webhook_secret: STRIPE_WEBHOOK_SECRET });
  return [{ provider, offered: STRIPE_WEBHOOK_SECRET !== undefined }];
}
