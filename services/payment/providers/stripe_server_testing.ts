/** For tests only: a local HTTP server that speaks the part of Stripe's API in use. Its objects have the SDK's own types. */
import type Stripe from "stripe";

/** What Stripe's test cards do. */
const CARDS: Record<string, { code: Stripe.PaymentIntent.LastPaymentError.Code; decline_code?: string } | null> = {
  pm_card_visa: null,
  pm_card_visa_chargeDeclined: { code: "card_declined", decline_code: "generic_decline" },
  pm_card_visa_chargeDeclinedInsufficientFunds: { code: "card_declined", decline_code: "insufficient_funds" },
  pm_card_visa_chargeDeclinedLostCard: { code: "card_declined", decline_code: "lost_card" },
  pm_card_chargeDeclinedExpiredCard: { code: "expired_card" },
  pm_card_authenticationRequired: { code: "authentication_required", decline_code: "authentication_required" },
};

/**
 * What goes wrong with a request: no answer before or after its effect; an error of the server's before or after it,
 * kept under the key; another process was faster with the same.
 */
export type Fault = "lost" | "silent" | "error" | "late_error" | "beaten";

type StripeError = { status: number; error: { type: string; code?: string; param?: string; message: string } };
type Answer = { status: number; body: unknown };

/** A running server: its address, its book, and what to do to the next request to a path. */
export interface StripeServer extends AsyncDisposable {
  url: URL;
  intents: Map<string, Stripe.PaymentIntent>;
  refunds: Stripe.Refund[];
  /** The paths asked, with their keys. */
  asked: { path: string; key: string | null }[];
  /** Makes the next request, under a key that is new, whose path ends so go wrong. */
  fail(path: string, fault: Fault): void;
  /** The status that new refunds have. */
  refund_status: "succeeded" | "pending";
}

/** Starts a server on a free port of the loopback. */
export function startStripeServer(): StripeServer {
  const intents = new Map<string, Stripe.PaymentIntent>();
  const answers = new Map<string, { body: string; answer: Answer }>();
  const faults: { path: string; fault: Fault }[] = [];
  const refunds: Stripe.Refund[] = [];
  const asked: StripeServer["asked"] = [];
  const server = { intents, refunds, asked, refund_status: "succeeded" } as StripeServer;
  const silence = new AbortController();

  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname: path, searchParams } = new URL(request.url);
    const key = request.headers.get("Idempotency-Key");
    asked.push({ path, key });
    if (!request.headers.get("Authorization")?.startsWith("Bearer sk_test_")) {
      return respond(refusal(401, "invalid_request_error", "Invalid API Key provided."));
    }
    const body = await request.text();
    const kept = key === null ? undefined : answers.get(key);
    const index = key === null || kept ? -1 : faults.findIndex((fault) => path.endsWith(fault.path));
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault === "lost") return await nothing();
    if (fault === "beaten" || fault === "late_error") perform(path, new URLSearchParams(body), searchParams);
    if (kept && kept.body !== path + body) {
      return respond(
        refusal(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters."),
      );
    }
    const answer = kept?.answer ??
      (fault === "error" || fault === "late_error"
        ? refusal(500, "api_error", "An error on our side.")
        : perform(path, new URLSearchParams(body), searchParams));
    // Stripe keeps what it answered once a request was begun, also a 500, but no refusal of its form.
    if (key !== null && answer.status !== 400) answers.set(key, { body: path + body, answer: structuredClone(answer) });
    return fault === "silent" ? await nothing() : respond(answer, kept !== undefined);
  });

  function nothing(): Promise<Response> {
    return new Promise((_, reject) => silence.signal.addEventListener("abort", () => reject(new Error("the end"))));
  }

  function perform(path: string, body: URLSearchParams, query: URLSearchParams): Answer {
    const [, resource, id, action] = /^\/v1\/(\w+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(path) ?? [];
    if (resource === "refunds") return id === undefined && [...body].length ? refund(body) : list(query);
    if (resource !== "payment_intents") return refusal(404, "invalid_request_error", "Unrecognized request URL.");
    if (id === undefined) return create(body);
    const intent = intents.get(id);
    if (!intent) return refusal(404, "invalid_request_error", "No such payment_intent.", "resource_missing", "intent");
    if (action === "confirm") return confirm(intent, body);
    if (action === "capture") return capture(intent, body);
    if (action === "cancel") return cancel(intent);
    return { status: 200, body: intent };
  }

  function create(body: URLSearchParams): Answer {
    const amount = Number(body.get("amount")), currency = body.get("currency") ?? "";
    if (["bhd", "jod", "kwd", "omr", "tnd"].includes(currency) && amount % 10 !== 0) {
      return refusal(400, "invalid_request_error", "Invalid amount.", "invalid_amount", "amount");
    }
    if (amount < 50 && currency === "usd") {
      return refusal(400, "invalid_request_error", "Amount must be at least $0.50 usd.", "amount_too_small", "amount");
    }
    const capture_method = body.get("capture_method") === "manual" ? "manual" : "automatic";
    const intent = newIntent(amount, currency, capture_method, metadataOf(body));
    intents.set(intent.id, intent);
    return { status: 200, body: intent };
  }

  function confirm(intent: Stripe.PaymentIntent, body: URLSearchParams): Answer {
    if (intent.status !== "requires_payment_method" && intent.status !== "requires_confirmation") {
      return unexpected(intent);
    }
    const method = body.get("payment_method") ?? "";
    const failure = CARDS[method];
    if (failure === undefined) {
      return refusal(400, "invalid_request_error", "No such PaymentMethod.", "resource_missing", "payment_method");
    }
    if (failure) {
      intent.last_payment_error = {
        type: "card_error",
        message: "Your card was declined.",
        ...failure,
      } as Stripe.PaymentIntent.LastPaymentError;
      intent.status = "requires_payment_method";
      return { status: 402, body: { error: { ...intent.last_payment_error, payment_intent: intent } } };
    }
    intent.payment_method = method;
    intent.status = intent.capture_method === "manual" ? "requires_capture" : "succeeded";
    if (intent.status === "succeeded") intent.amount_received = intent.amount;
    else intent.amount_capturable = intent.amount;
    return { status: 200, body: intent };
  }

  function capture(intent: Stripe.PaymentIntent, body: URLSearchParams): Answer {
    if (intent.status !== "requires_capture") return unexpected(intent);
    const amount = Number(body.get("amount_to_capture") ?? intent.amount);
    if (amount > intent.amount_capturable) {
      return refusal(400, "invalid_request_error", "Too much.", "amount_too_large", "amount_to_capture");
    }
    Object.assign(intent, { status: "succeeded", amount_received: amount, amount_capturable: 0 });
    return { status: 200, body: intent };
  }

  function cancel(intent: Stripe.PaymentIntent): Answer {
    if (intent.status === "succeeded" || intent.status === "canceled") return unexpected(intent);
    Object.assign(intent, { status: "canceled", amount_capturable: 0, canceled_at: seconds() });
    return { status: 200, body: intent };
  }

  function refund(body: URLSearchParams): Answer {
    const intent = intents.get(body.get("payment_intent") ?? "");
    if (!intent) {
      return refusal(400, "invalid_request_error", "No such payment_intent.", "resource_missing", "payment_intent");
    }
    const amount = Number(body.get("amount"));
    const given = refunds.filter((other) => other.payment_intent === intent.id && other.status !== "failed")
      .reduce((sum, other) => sum + other.amount, 0);
    if (given >= intent.amount_received) {
      return refusal(400, "invalid_request_error", "Charge has already been refunded.", "charge_already_refunded");
    }
    if (given + amount > intent.amount_received) {
      return refusal(
        400,
        "invalid_request_error",
        "Refund amount is greater than unrefunded amount.",
        undefined,
        "amount",
      );
    }
    const made = newRefund(intent, amount, metadataOf(body), server.refund_status);
    refunds.unshift(made);
    return { status: 200, body: made };
  }

  function list(query: URLSearchParams): Answer {
    const data = refunds.filter((refund) => refund.payment_intent === query.get("payment_intent"));
    return { status: 200, body: { object: "list", data, has_more: false, url: "/v1/refunds" } };
  }

  return Object.assign(server, {
    url: new URL(`http://127.0.0.1:${http.addr.port}`),
    fail: (path: string, fault: Fault) => void faults.push({ path, fault }),
    [Symbol.asyncDispose]: async () => {
      silence.abort();
      await http.shutdown();
    },
  });
}

/** An event about an intent or refund, as Stripe sends it. */
export function stripeEvent(
  type: Stripe.Event["type"],
  object: Stripe.PaymentIntent | Stripe.Refund | Pick<Stripe.Charge, "id" | "object" | "payment_intent" | "metadata">,
  id = `evt_${crypto.randomUUID().replaceAll("-", "")}`,
): Pick<Stripe.Event, "id" | "object" | "type" | "created" | "livemode"> & { data: { object: typeof object } } {
  return { id, object: "event", type, created: seconds(), livemode: false, data: { object } };
}

function newIntent(
  amount: number,
  currency: string,
  capture_method: Stripe.PaymentIntent.CaptureMethod,
  metadata: Stripe.Metadata,
): Stripe.PaymentIntent {
  const id = `pi_${crypto.randomUUID().replaceAll("-", "")}`;
  return {
    id,
    object: "payment_intent",
    allowed_payment_method_types: ["card"],
    amount,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method,
    client_secret: `${id}_secret`,
    confirmation_method: "automatic",
    created: seconds(),
    currency,
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ["card"],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_group: null,
  };
}

/** A refund of an intent; without our metadata it is one that was given in Stripe's dashboard. */
export function newRefund(
  { id, currency }: Stripe.PaymentIntent,
  amount: number,
  metadata: Stripe.Metadata,
  status: string,
): Stripe.Refund {
  return {
    id: `re_${crypto.randomUUID().replaceAll("-", "")}`,
    object: "refund",
    amount,
    balance_transaction: null,
    charge: null,
    created: seconds(),
    currency,
    customer: null,
    customer_account: null,
    metadata,
    payment_intent: id,
    payment_method: null,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
  };
}

function metadataOf(body: URLSearchParams): Stripe.Metadata {
  return Object.fromEntries([...body].flatMap(([name, value]) => {
    const key = /^metadata\[(\w+)\]$/.exec(name)?.[1];
    return key ? [[key, value]] : [];
  }));
}

function unexpected(intent: Stripe.PaymentIntent): Answer {
  return refusal(
    400,
    "invalid_request_error",
    `This PaymentIntent has a status of ${intent.status}.`,
    "payment_intent_unexpected_state",
  );
}

function refusal(status: number, type: string, message: string, code?: string, param?: string): Answer {
  const error: StripeError["error"] = { type, message, ...(code ? { code } : {}), ...(param ? { param } : {}) };
  return { status, body: { error } };
}

function respond({ status, body }: Answer, replayed = false): Response {
  const headers = { "Request-Id": `req_${crypto.randomUUID().slice(0, 8)}` };
  return Response.json(body, {
    status,
    headers: { ...headers, ...(replayed ? { "Idempotent-Replayed": "true" } : {}) },
  });
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
