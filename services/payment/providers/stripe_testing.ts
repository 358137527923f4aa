/** For tests only: the payment service with a local Stripe, and what is done with it. */
import { SYSTEM } from "../../shared/context.ts";
import { as, client, request, startPayment, stopPayment } from "../testing.ts";
import { signatureHeader } from "../webhook_signature_testing.ts";
import { createStripeProvider } from "./stripe.ts";
import { startStripeServer, type StripeServer } from "./stripe_server_testing.ts";

/** What signs the webhooks. */
export const WEBHOOK_SECRET = "whsec_of_this_test";

/** Starts the service with Stripe as a provider; gives the local Stripe. */
export async function startStripe(): Promise<StripeServer> {
  const stripe = startStripeServer();
  const options = {
    secret_key: "sk_test_x",
    webhook_secret: WEBHOOK_SECRET,
    base: stripe.url,
    timeout_ms: 1_000,
  };
  await startPayment({ more: () => [{ provider: createStripeProvider(options), offered: true }] });
  return stripe;
}

/** Stops both. */
export async function stopStripe(stripe: StripeServer | undefined): Promise<void> {
  await stopPayment();
  await stripe?.[Symbol.asyncDispose]();
}

/** A request to pay by Stripe. */
export function card(token = "pm_card_visa", more: Parameters<typeof request>[1] = {}) {
  return request(token, { method: "stripe", ...more });
}

/** The intents that Stripe has for an order. */
export function intentsFor({ intents }: StripeServer, order_id: string) {
  return [...intents.values()].filter((intent) => intent.metadata.nano_key?.startsWith(order_id));
}

/** Brings an event of Stripe's, signed unless it has a header of its own. */
export function deliver(event: unknown, header?: string) {
  const body = new TextEncoder().encode(JSON.stringify(event));
  const headers = { "stripe-signature": header ?? signatureHeader(body, WEBHOOK_SECRET) };
  return as(SYSTEM, () => client.receiveWebhook({ provider: "stripe", headers, body }));
}
