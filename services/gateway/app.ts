import { cors } from "@hono/hono/cors";
import { HTTPException } from "@hono/hono/http-exception";
import { getConnInfo } from "@hono/hono/deno";
import { secureHeaders } from "@hono/hono/secure-headers";
import { currentActor, isStaffOrKey } from "../shared/auth.ts";
import { ANONYMOUS, type Context, withContext } from "../shared/context.ts";
import { notFound, toNanoError } from "../shared/errors.ts";
import { isProven, PROOF_HEADER } from "../shared/forwarding.ts";
import type { Log } from "../shared/log.ts";
import { toProblem } from "../shared/problem.ts";
import { traceparentFor } from "../shared/trace.ts";
import { auditNetwork, clientAddress } from "./address.ts";
import { NO_CONTENT, VARY } from "./answer_headers.ts";
import type { ApiKeys } from "./api_keys.ts";
import { fromHono, onlyJson, sizeLimits, WRITE_MS } from "./bodies.ts";
import { bounds } from "./bounds.ts";
import type { Clients } from "./clients.ts";
import type { Config } from "./config.ts";
import { complete } from "./document.ts";
import type { RequestContext } from "./env.ts";
import { admit, identify, keyGiven } from "./identify.ts";
import { errorCodesTable } from "./error_codes.ts";
import { observeRequests } from "./observe.ts";
import { createRoutes } from "./openapi.ts";
import { createOrigins } from "./origins.ts";
import type { Catalogue } from "./catalogue.ts";
import { requestIdOf } from "./request_id.ts";
import type { RateLimits } from "./rate_limit.ts";
import type { Sessions } from "./session.ts";
import { storeNamed, type Stores } from "./stores.ts";
import { cart } from "./routes/cart.ts";
import { auth } from "./routes/auth.ts";
import { authLinks } from "./routes/auth_links.ts";
import { docs, VERSION } from "./routes/docs.ts";
import { apiKeys } from "./routes/api_keys.ts";
import { audit } from "./routes/audit.ts";
import { home } from "./routes/home.ts";
import { invitations } from "./routes/invitations.ts";
import { media } from "./routes/media.ts";
import { orderConsole } from "./routes/order_console.ts";
import { orders } from "./routes/orders.ts";
import { personalData } from "./routes/personal_data.ts";
import { pay } from "./routes/pay.ts";
import { payments } from "./routes/payments.ts";
import { categories } from "./routes/categories.ts";
import { productConsole } from "./routes/product_console.ts";
import { products } from "./routes/products.ts";
import { search } from "./routes/search.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { settings } from "./routes/settings.ts";
import { stock } from "./routes/stock.ts";
import { stepUp, totp, totpReset } from "./routes/totp.ts";
import { variants } from "./routes/variants.ts";
import { storeRoutes } from "./routes/stores.ts";
import { users } from "./routes/users.ts";
import { webhookDeliveryRoutes, webhookRoutes } from "./routes/webhooks.ts";
import { webhooks } from "./routes/payment_webhooks.ts";

/** What the routes work with. */
export interface Deps {
  config: Config;
  log: Log;
  limits: RateLimits;
  clients: Clients;
  sessions: Sessions;
  keys: ApiKeys;
  stores: Stores;
  catalogue: Catalogue;
  /** Whether this gateway takes traffic. */
  ready: () => Promise<boolean>;
}

const READ_MS = 2_000;
const ABOUT = `Times are RFC 3339 in UTC, amounts integers in minor units. A list has \`data\` and \`next_cursor\`: as
\`cursor\` that gives the next page, and it is null on the last. What is changed by \`version\` needs the one that was read.

- **Who asks**: an access token of \`/auth\` as bearer. Or a guest, by \`X-Cart-Token\`: the \`token\` that the first
  \`POST /cart/items\` answers, which also reads and pays the orders placed with it. Or a key, by \`X-Api-Key\`.
- **Once**: where an \`Idempotency-Key\` is asked for, send the same one again if no answer came, and a new one for
  another try after a refusal. The answer of before has \`Idempotent-Replayed: true\`.
- **Headers**: \`X-Request-Id\` names every answer. \`RateLimit\` says what is left, \`Retry-After\` when to come again.
  Answers with an \`ETag\` take \`If-None-Match\`.
- **Types**: \`npx openapi-typescript <this>/openapi.json --default-non-nullable=false\` makes those of openapi-fetch.

A refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\`:

<details><summary>All codes</summary>

${errorCodesTable()}

</details>`;
/** What a script of another origin may read of an answer. */
const EXPOSED = [
  "ETag",
  "Idempotent-Replayed",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "X-Request-Id",
];
const LICENSE = { name: "MIT", identifier: "MIT" };

/**
 * The gateway's app. Middleware in this order: request id and log, headers, CORS, bounds, the body's size and type, who
 * asks; then the probes and providers' webhooks; rate limit, whom to admit; then the routes.
 */
export function createApp(deps: Deps) {
  const { config, log } = deps;
  const app = createRoutes();
  const addressOf = clientAddress(config.TRUSTED_PROXIES);
  const observe = observeRequests(log);

  app.use(async (c, next) => {
    const request_id = requestIdOf(c.req.header("X-Request-Id"));
    c.set("request_id", request_id);
    const forwarded = c.req.header("X-Forwarded-For");
    const proof = c.req.header(PROOF_HEADER);
    const proven = [config.JWT_SECRET, config.JWT_SECRET_PREVIOUS].some((secret) =>
      secret !== undefined && isProven(secret, forwarded, proof)
    );
    c.set("address", addressOf(connectionAddress(c), forwarded, proven));
    const read = c.req.method === "GET" || c.req.method === "HEAD";
    const deadline = Date.now() + (read ? READ_MS : WRITE_MS);
    const traceparent = traceparentFor(request_id, c.req.header("traceparent"));
    const network = auditNetwork(c.get("address"));
    const context: Context = { request_id, actor: ANONYMOUS, deadline, network, traceparent };
    const ended = observe(c, context);
    await withContext(context, async () => {
      await next();
      // Not by c.header, here and below: once there is an answer that makes a new one of it, its body a stream.
      const { headers } = c.res;
      headers.set("X-Request-Id", request_id);
      headers.set("Vary", VARY);
      // What a route does not say may be kept is nobody's to keep.
      if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
      ended();
    });
  });

  app.use(secureHeaders({
    crossOriginResourcePolicy: "cross-origin",
    // A browser takes it from https only, which is what production has before it.
    strictTransportSecurity: config.ENVIRONMENT === "production",
    xFrameOptions: "DENY",
    // What says something of pages only, or what only browsers and plug-ins of long ago read: each costs a cached read 2 %.
    crossOriginOpenerPolicy: false,
    xXssProtection: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xDnsPrefetchControl: false,
    originAgentCluster: false,
  }));
  app.use(async (c, next) => {
    await next();
    // Not by secureHeaders, which would replace the policy that /docs has of its own.
    const { headers } = c.res;
    if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", NO_CONTENT);
  });
  const origins = createOrigins({ config, store: deps.clients.store });
  const allowedOrigin = async (origin: string, c: RequestContext) => {
    if (origin === "") return null;
    return await origins.allows(origin, storeOfAnswer(c)) ? origin : null;
  };
  const preflight = cors({
    origin: allowedOrigin,
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "Idempotency-Key",
      "If-None-Match",
      "X-Api-Key",
      "X-Cart-Token",
      "X-Request-Id",
      "X-Store",
    ],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
  app.use(async (c, next) => {
    if (c.req.method === "OPTIONS") return await preflight(c, next);
    // As Hono's own says it of other requests, but into the answer: before there is one, Hono would make it thrice.
    await next();
    // Afterwards, when it is known of which store the key is.
    const allowed = await allowedOrigin(c.req.header("Origin") ?? "", c);
    const { headers } = c.res;
    if (allowed) headers.set("Access-Control-Allow-Origin", allowed);
    headers.set("Access-Control-Expose-Headers", EXPOSED.join(","));
  });
  app.use(bounds());
  app.use(sizeLimits());
  app.use(onlyJson);
  app.use(async (c, next) => {
    await identify(c, deps);
    await next();
    if (isStaffsWrite(c)) deps.catalogue.forget();
  });

  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/health", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => await deps.ready() ? c.text("ok\n") : c.text("not ready\n", 503));
  app.route("/payments/webhooks", webhooks(deps));
  // After the probes and the providers' webhooks, which nothing limits.
  app.use(deps.limits.general());
  app.use(admit(deps.stores));
  const info = { title: "Nano E-commerce", version: VERSION, description: ABOUT, license: LICENSE };
  // Made once, at the first request: it takes a tenth of a second.
  let document: Uint8Array<ArrayBuffer> | undefined;
  app.get("/openapi.json", (c) => {
    document ??= new TextEncoder().encode(
      JSON.stringify(complete(app.getOpenAPI31Document({ openapi: "3.1.0", info }))),
    );
    return c.body(document, 200, { "Content-Type": "application/json" });
  });
  app.route("/", docs());
  app.route("/auth", stepUp(deps));
  app.route("/auth", auth(deps));
  app.route("/auth", authLinks(deps));
  app.route("/users/me/totp", totp(deps));
  app.route("/users", totpReset(deps));
  app.route("/users", personalData(deps));
  app.route("/users", sessionRoutes(deps));
  app.route("/users", users(deps));
  app.route("/invitations", invitations(deps));
  app.route("/media", media(deps));
  app.route("/products", productConsole(deps));
  app.route("/products", products(deps));
  app.route("/variants", variants(deps));
  app.route("/stock", stock(deps));
  app.route("/categories", categories(deps));
  app.route("/cart", cart(deps));
  app.route("/orders", orderConsole(deps));
  app.route("/orders", orders(deps));
  app.route("/payments", pay(deps));
  app.route("/payments", payments(deps));
  app.route("/stores", home(deps));
  app.route("/stores", storeRoutes(deps));
  app.route("/search", search(deps));
  app.route("/audit", audit(deps));
  app.route("/api-keys", apiKeys(deps));
  app.route("/settings", settings(deps));
  app.route("/webhooks", webhookRoutes(deps));
  app.route("/webhook-deliveries", webhookDeliveryRoutes(deps));

  app.notFound((c) => problem(c, notFound("resource")));
  app.onError((error, c) => problem(c, error instanceof HTTPException ? fromHono(error) : error, log));
  return app;
}

/**
 * The store whose origins may read an answer: an API key's, else the named one, "" for the default one. Any store's where
 * that is not known: a preflight carries no key, and the refusal of one tells nothing of a store.
 */
function storeOfAnswer(c: RequestContext): string | undefined {
  const key = c.get("key");
  if (key) return key.store_id;
  return c.req.method === "OPTIONS" || keyGiven(c) !== undefined ? undefined : storeNamed(c) ?? "";
}

/** Whether staff may have changed what the catalogue shows: shoppers change only what is available of it. */
function isStaffsWrite(c: RequestContext): boolean {
  const reads = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS";
  return !reads && isStaffOrKey(currentActor());
}

/** Renders an error, logs it if it is a fault of ours. */
function problem(c: RequestContext, thrown: unknown, log?: Log): Response {
  const error = toNanoError(thrown);
  const body = toProblem(error, c.req.path, c.get("request_id"));
  if (error.kind === "internal") log?.error({ err: thrown }, "a request failed");
  else log?.debug({ err: thrown }, "a request was refused");
  const busy = body.status === 503 || body.status === 504;
  const retry_after = error.extras.retry_after ?? (busy ? 1 : 0);
  if (retry_after) c.header("Retry-After", String(retry_after));
  if (error.extras.replayed) c.header("Idempotent-Replayed", "true");
  if (body.status === 401) c.header("WWW-Authenticate", "Bearer");
  // What is left of a body that came too slowly would be taken for the next request.
  if (body.status === 408) c.header("Connection", "close");
  return c.body(JSON.stringify(body), body.status as 400, { "Content-Type": "application/problem+json" });
}

function connectionAddress(c: RequestContext): string {
  try {
    return getConnInfo(c).remote.address ?? "";
  } catch {
    return "127.0.0.1"; // app.request() in tests has no connection
  }
}
