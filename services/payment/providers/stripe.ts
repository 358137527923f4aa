import Stripe from "stripe";
import { readJson, verifySignature } from "../webhook_signature.ts";
import {
  BadWebhook,
  type Charge,
  type ChargeRef,
  type ChargeState,
  type Instruction,
  type Provider,
  ProviderFault,
  type RefundState,
  type WebhookEvent,
} from "./provider.ts";
import { fromStripe, toStripe } from "./stripe_amount.ts";

export interface StripeOptions {
  secret_key: string;
  webhook_secret?: string | undefined;
  /** For tests only: a server that speaks Stripe's API. */
  base?: URL;
  /** How long a call may take. */
  timeout_ms?: number;
}

/** The metadata by which Stripe's objects name ours. */
const KEY = "nano_key", REFUND = "nano_refund";

/** The events that say that a charge or refund of ours may have changed. */
const EVENTS = new Set([
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.canceled",
  "payment_intent.amount_capturable_updated",
  "charge.refunded",
  "refund.updated",
  "refund.failed",
]);

/** What buyers are told; anything else, also what Stripe wants kept from them (fraud, loss, theft), is `card_declined`. */
const DECLINES = new Set([
  "insufficient_funds",
  "expired_card",
  "incorrect_cvc",
  "incorrect_number",
  "processing_error",
  "authentication_required",
  "currency_not_supported",
]);

const NOT_CHARGEABLE = { state: "declined", failure_code: "amount_not_supported" } as const;

/**
 * Stripe, by PaymentIntents. An intent is made first, unconfirmed, and its id stored; then it is confirmed. So a lost
 * answer is looked up by the id, for ever and without delay, where Stripe's keys last a day and its search lags; and a
 * look-up never charges. One intent takes money once, whatever is retried.
 */
export function createStripeProvider(
  { secret_key, webhook_secret, base, timeout_ms = 8_000 }: StripeOptions,
): Provider {
  const stripe = new Stripe(secret_key, {
    timeout: timeout_ms,
    // The payment's job retries.
    maxNetworkRetries: 0,
    telemetry: false,
    ...(base ? { protocol: base.protocol === "http:" ? "http" : "https", host: base.hostname, port: base.port } : {}),
  });

  async function make({ key, amount, capture, again }: Charge, minor: number): Promise<string> {
    const intent = await stripe.paymentIntents.create({
      amount: minor,
      currency: amount.currency.toLowerCase(),
      capture_method: capture,
      allowed_payment_method_types: ["card"],
      metadata: { [KEY]: key },
    }, { idempotencyKey: keyOf(key, again) });
    return intent.id;
  }

  /** Captures or cancels an intent, unless it is found done already where Stripe had an error. */
  async function change(
    key: string,
    charge: ChargeRef,
    ask: (intent: string, options: Stripe.RequestOptions) => Promise<Stripe.PaymentIntent>,
  ): Promise<ChargeState> {
    const { reference } = charge;
    if (reference === null) return { state: "absent" };
    const look = async () => {
      const intent = await stripe.paymentIntents.retrieve(reference);
      return ["succeeded", "canceled", "processing"].includes(intent.status) ? intent : undefined;
    };
    return stateOf(await definite(once(key, (options) => ask(reference, options), look)), charge);
  }

  /** The refund of an intent that has our key. */
  async function ours(payment_intent: string, key: string): Promise<Stripe.Refund | undefined> {
    for await (const refund of stripe.refunds.list({ payment_intent, limit: 100 })) {
      if (refund.metadata?.[REFUND] === key) return refund;
    }
    return undefined;
  }

  return {
    method: { id: "stripe", name: "Card", kind: "card" },

    async authorize(charge: Charge): Promise<ChargeState> {
      const minor = toStripe(charge.amount);
      if (minor === undefined) return NOT_CHARGEABLE;
      try {
        const reference = charge.reference ?? await charge.remember(await make(charge, minor));
        const intent = await stripe.paymentIntents.confirm(
          reference,
          { payment_method: charge.token, error_on_requires_action: true },
          { idempotencyKey: keyOf(`${charge.key}:confirm`, charge.again) },
        );
        return stateOf(intent, charge);
      } catch (error) {
        return refusalOf(error);
      }
    },

    async capture({ key, charge, amount }: Instruction): Promise<ChargeState> {
      const amount_to_capture = toStripe(amount);
      if (amount_to_capture === undefined) throw new ProviderFault("Stripe can't capture exactly this amount.");
      return await change(
        key,
        charge,
        (intent, options) => stripe.paymentIntents.capture(intent, { amount_to_capture }, options),
      );
    },

    void: ({ key, charge }) =>
      change(key, charge, (intent, options) => stripe.paymentIntents.cancel(intent, {}, options)),

    async refund({ key, charge, amount }: Instruction): Promise<RefundState> {
      const payment_intent = charge.reference;
      const minor = toStripe(amount);
      if (payment_intent === null) return { state: "failed", failure_code: "charge_not_found" };
      if (minor === undefined) return { state: "failed", failure_code: "amount_not_supported" };
      // Asked first, since an answer under a key stays what it was: this tells how a refund stands now.
      const look = () => ours(payment_intent, key);
      const known = await look();
      if (known) return refundState(known);
      const wanted = { payment_intent, amount: minor, metadata: { [REFUND]: key } };
      try {
        return refundState(await once(key, (options) => stripe.refunds.create(wanted, options), look));
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
        const over = error.code === "charge_already_refunded" || error.param === "amount";
        return { state: "failed", failure_code: over ? "over_refund" : "provider_error" };
      }
    },

    async lookUp(charge: ChargeRef): Promise<ChargeState> {
      // Without an id nothing was ever confirmed.
      if (charge.reference === null) return { state: "absent" };
      return stateOf(await stripe.paymentIntents.retrieve(charge.reference), charge);
    },

    async foreignRefunds({ reference, currency }) {
      const found = [];
      for await (
        const { id, amount, metadata, status } of stripe.refunds.list({ payment_intent: reference, limit: 100 })
      ) {
        if (status === "succeeded" && !metadata?.[REFUND]) {
          found.push({ reference: id, amount: fromStripe(amount, currency) });
        }
      }
      return found;
    },

    ...(webhook_secret ? { parseWebhook: (headers, body) => parseWebhook(headers, body, webhook_secret) } : {}),
  };
}

/** Stripe keeps also failed answers under a key, so a later try has a key of its own. The intent guards the money. */
function keyOf(key: string, again: string): string {
  return again ? `${key}#${again}` : key;
}

/** More than the tries of a day, after which Stripe forgets the first. */
const LAST_KEY = 30;

/**
 * Asks Stripe by a key. It keeps also an error of its own (5xx) under the key, for a day, and that may hide that it did
 * what it was asked: so that is looked up. If it did not, an error that was kept, not one that is new, has it asked by
 * the next key, `#1`, `#2`, …: the same for whoever asks at the same time, so that only one of them is heard.
 */
async function once<T>(
  key: string,
  ask: (options: Stripe.RequestOptions) => Promise<T>,
  look: () => Promise<T | undefined>,
): Promise<T> {
  for (let next = 0;; next++) {
    try {
      return await ask({ idempotencyKey: keyOf(key, next === 0 ? "" : String(next)) });
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError) || (error.statusCode ?? 0) < 500) throw error;
      const done = await look();
      if (done) return done;
      if (error.headers?.["idempotent-replayed"] !== "true" || next === LAST_KEY) throw error;
    }
  }
}

function stateOf(intent: Stripe.PaymentIntent, { amount }: ChargeRef): ChargeState {
  switch (intent.status) {
    case "succeeded":
      return { state: "captured", captured: fromStripe(intent.amount_received, amount.currency) };
    case "requires_capture":
      return { state: "authorized" };
    case "canceled":
      return { state: "voided" };
    case "processing":
      return { state: "pending" };
    case "requires_action":
      // Nobody can act: the intent's secret never leaves this service.
      return { state: "declined", failure_code: "authentication_required" };
    default: {
      const error = intent.last_payment_error;
      return error ? { state: "declined", failure_code: failureCode(error) } : { state: "absent" };
    }
  }
}

function refundState({ status, failure_reason }: Stripe.Refund): RefundState {
  if (status === "succeeded") return { state: "succeeded" };
  if (status === "failed" || status === "canceled") return { state: "failed", failure_code: failure_reason ?? status };
  return { state: "pending" };
}

/** What an error says of a charge. Throws ProviderFault where nothing was done, and what it is given where that is unknown. */
function refusalOf(error: unknown): ChargeState {
  if (error instanceof Stripe.errors.StripeCardError) return { state: "declined", failure_code: failureCode(error) };
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    if (error.code === "resource_missing" && error.param === "payment_method") {
      return { state: "declined", failure_code: "invalid_token" };
    }
    if (error.code === "amount_too_small" || error.code === "amount_too_large") return NOT_CHARGEABLE;
    if (error.code === "authentication_required") return { state: "declined", failure_code: error.code };
  }
  throw faultOf(error);
}

/** Passes an answer on; an error that says that nothing was done becomes a ProviderFault. */
async function definite<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw faultOf(error);
  }
}

/** Stripe refused, so nothing was done; but what was cut off, or is its own fault (5xx), or is under way, is unknown. */
function faultOf(error: unknown): unknown {
  const { StripeInvalidRequestError, StripeAuthenticationError, StripePermissionError } = Stripe.errors;
  const refused = error instanceof StripeInvalidRequestError || error instanceof StripeAuthenticationError ||
    error instanceof StripePermissionError;
  // 409: another request works under this key.
  return refused && error.statusCode !== 409 ? new ProviderFault(`Stripe refused: ${error.code ?? error.type}`) : error;
}

function failureCode(error: { decline_code?: string | undefined; code?: string | undefined }): string {
  const code = [error.decline_code, error.code].find((code) => code !== undefined && DECLINES.has(code));
  return code ?? "card_declined";
}

function parseWebhook(
  headers: Record<string, string>,
  body: Uint8Array,
  secret: string,
): WebhookEvent | undefined {
  verifySignature(headers["stripe-signature"], body, secret);
  const event = readJson(body) as unknown as Stripe.Event;
  const object = event.data?.object as unknown;
  if (typeof event.id !== "string" || typeof event.type !== "string" || object === null || typeof object !== "object") {
    throw new BadWebhook("The event has no id, type or object.");
  }
  if (!EVENTS.has(event.type)) return undefined;
  const { id, type } = event;
  if (type.startsWith("payment_intent.")) {
    const intent = object as Stripe.PaymentIntent;
    return { id, type, reference: intent.id, charge_key: intent.metadata?.[KEY] };
  }
  const { payment_intent, metadata } = object as Stripe.Charge | Stripe.Refund;
  const reference = typeof payment_intent === "string" ? payment_intent : payment_intent?.id;
  return { id, type, reference, refund_key: type.startsWith("refund.") ? metadata?.[REFUND] : undefined };
}
