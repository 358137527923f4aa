import { bodyLimit } from "@hono/hono/body-limit";
import { cors } from "@hono/hono/cors";
import { HTTPException } from "@hono/hono/http-exception";
import { getConnInfo } from "@hono/hono/deno";
import { routePath } from "@hono/hono/route";
import { secureHeaders } from "@hono/hono/secure-headers";
import { isUtf8 } from "node:buffer";
import { sha256 } from "../shared/ids.ts";
import { ANONYMOUS, currentContext, withContext } from "../shared/context.ts";
import { invalid, NanoError, notFound, toNanoError, unauthenticated } from "../shared/errors.ts";
import type { Log } from "../shared/log.ts";
import { durations } from "../shared/metrics.ts";
import { toProblem } from "../shared/problem.ts";
import { clientAddress } from "./address.ts";
import type { Clients } from "./clients.ts";
import type { Config } from "./config.ts";
import { complete } from "./document.ts";
import type { RequestContext } from "./env.ts";
import { errorCodesTable } from "./error_codes.ts";
import { createRoutes } from "./openapi.ts";
import type { RateLimits } from "./rate_limit.ts";
import type { Sessions } from "./session.ts";
import type { Stores } from "./stores.ts";
import { cart } from "./routes/cart.ts";
import { auth } from "./routes/auth.ts";
import { docs, VERSION } from "./routes/docs.ts";
import { audit } from "./routes/audit.ts";
import { home } from "./routes/home.ts";
import { MAX_MEDIA, media, mediaTooLarge } from "./routes/media.ts";
import { orderConsole } from "./routes/order_console.ts";
import { orders } from "./routes/orders.ts";
import { pay } from "./routes/pay.ts";
import { payments } from "./routes/payments.ts";
import { categories } from "./routes/categories.ts";
import { productConsole } from "./routes/product_console.ts";
import { products } from "./routes/products.ts";
import { search } from "./routes/search.ts";
import { stock } from "./routes/stock.ts";
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
  stores: Stores;
  /** Whether this gateway takes traffic. */
  ready: () => Promise<boolean>;
}

const READ_MS = 2_000;
const WRITE_MS = 5_000;
const MAX_BODY = 1024 * 1024;
/** What a form adds to its file. */
const FORM = 16 * 1024;
/** The routes whose bodies are not JSON. */
const OTHER_TYPES = new Map([
  ["/media", /^(image\/|multipart\/form-data\s*;)/i],
  ["/products/import", /^text\/csv\s*(;|$)/i],
]);
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const TOKEN = /^[\w-]{43}$/;
const OPEN = new Set(["/auth/register", "/auth/login", "/auth/refresh"]);
/** What a metric tells apart: a client may make up methods without end. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const duration = durations("nano_http_request_duration_seconds", "Duration of HTTP requests by route template.", [
  "method",
  "route",
  "status",
]);

const ABOUT =
  `Amounts are integers in minor units. A refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\`:

${errorCodesTable()}`;
const NO_CONTENT = "default-src 'none'; frame-ancestors 'none'";
const LICENSE = { name: "MIT", identifier: "MIT" };

/** The gateway's app. Middleware in this order: request id and log, headers, CORS, body limit, actor; then the routes. */
export function createApp(deps: Deps) {
  const { config, log } = deps;
  const app = createRoutes();
  const addressOf = clientAddress(config.TRUSTED_PROXIES);

  app.use(async (c, next) => {
    const started = performance.now();
    const given = c.req.header("X-Request-Id");
    const request_id = given && REQUEST_ID.test(given) ? given : crypto.randomUUID();
    c.set("request_id", request_id);
    c.set("address", addressOf(connectionAddress(c), c.req.header("X-Forwarded-For")));
    const read = c.req.method === "GET" || c.req.method === "HEAD";
    const context = { request_id, actor: ANONYMOUS, deadline: Date.now() + (read ? READ_MS : WRITE_MS) };
    await withContext(context, async () => {
      await next();
      c.header("X-Request-Id", request_id);
      c.header("Vary", "X-Store, Authorization, Origin");
      // What a route does not say may be kept is nobody's to keep.
      if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
      const seconds = (performance.now() - started) / 1000;
      const route = routePath(c, -1);
      const method = METHODS.has(c.req.method) ? c.req.method : "other";
      duration.observe({ method, route, status: c.res.status }, seconds);
      log.info({
        event: { duration: Math.round(seconds * 1e9) },
        http: { request: { id: request_id, method: c.req.method }, response: { status_code: c.res.status } },
        url: { path: c.req.path, route },
        ...(context.actor.kind === "anonymous" ? {} : { user: { id: context.actor.user_id ?? "guest" } }),
      }, `${c.req.method} ${c.req.path} ${c.res.status}`);
    });
  });

  app.use(secureHeaders({ crossOriginResourcePolicy: "cross-origin" }));
  app.use(async (c, next) => {
    await next();
    // Not by secureHeaders, which would replace the policy that /docs has of its own.
    if (!c.res.headers.has("Content-Security-Policy")) c.header("Content-Security-Policy", NO_CONTENT);
  });
  app.use(cors({
    origin: (origin) =>
      config.CORS_ORIGINS.includes(origin) || (config.ENVIRONMENT === "development" && isLocal(origin)) ? origin : null,
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "Idempotency-Key",
      "If-None-Match",
      "X-Cart-Token",
      "X-Request-Id",
      "X-Store",
    ],
    exposeHeaders: [
      "ETag",
      "Idempotent-Replayed",
      "Location",
      "RateLimit",
      "RateLimit-Policy",
      "Retry-After",
      "X-Request-Id",
    ],
    maxAge: 600,
  }));
  const limits = { usual: limitTo(MAX_BODY, tooLarge), media: limitTo(MAX_MEDIA + FORM, mediaTooLarge) };
  app.use((c, next) => (c.req.path === "/media" ? limits.media : limits.usual)(c, next));
  app.use(onlyJson);
  app.use(async (c, next) => {
    await identify(c, deps);
    await next();
  });

  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/health", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => await deps.ready() ? c.text("ok\n") : c.text("not ready\n", 503));
  app.route("/payments/webhooks", webhooks(deps));
  // After the probes and the providers' webhooks, which nothing limits.
  app.use(deps.limits.general());
  const info = { title: "Nano E-commerce", version: VERSION, description: ABOUT, license: LICENSE };
  app.get("/openapi.json", (c) => c.json(complete(app.getOpenAPI31Document({ openapi: "3.1.0", info }))));
  app.route("/", docs());
  app.route("/auth", auth(deps));
  app.route("/users", users(deps));
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
  app.route("/webhooks", webhookRoutes(deps));
  app.route("/webhook-deliveries", webhookDeliveryRoutes(deps));

  app.notFound((c) => problem(c, notFound("resource")));
  app.onError((error, c) => problem(c, error instanceof HTTPException ? fromHono(error) : error, log));
  return app;
}

/** Finds out who asks: the session of the bearer token, the guest of X-Cart-Token, or both. */
async function identify(c: RequestContext, { sessions }: Deps): Promise<void> {
  const context = currentContext();
  if (!context) return;
  const guest = c.req.header("X-Cart-Token");
  const guest_hash = guest && TOKEN.test(guest) ? { guest_hash: await sha256(guest) } : {};
  // A client that signs in may still send the token that has ended.
  const authorization = OPEN.has(c.req.path) ? undefined : c.req.header("Authorization");
  if (authorization === undefined) {
    if (guest_hash.guest_hash) context.actor = { kind: "guest", store_roles: [], ...guest_hash };
    return;
  }
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated("invalid_token", "The Authorization header must be a bearer token.");
  const session = await sessions.check(token);
  c.set("session", session);
  const { user_id, role, store_roles, email } = session;
  context.actor = { kind: "user", user_id, role, store_roles, email, session_id: session.id, ...guest_hash };
}

function limitTo(maxSize: number, refusal: () => NanoError) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw refusal();
    },
  });
}

/** Refuses bodies that are not JSON, or on a few routes not what those take. */
async function onlyJson(c: RequestContext, next: () => Promise<void>): Promise<void> {
  // Deno gives a DELETE or POST without a body an empty stream: only the headers tell.
  const length = c.req.header("Content-Length");
  const told = length !== undefined || c.req.header("Transfer-Encoding") !== undefined ||
    c.req.header("Content-Type") !== undefined;
  const hasBody = c.req.raw.body !== null && told && length !== "0" && c.req.method !== "GET" &&
    c.req.method !== "HEAD";
  const other = OTHER_TYPES.get(c.req.path);
  if (other) {
    if (hasBody && !other.test(c.req.header("Content-Type") ?? "")) throw wrongType();
    return await next();
  }
  if (hasBody && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(c.req.header("Content-Type") ?? "")) {
    throw wrongType("The body must be application/json.");
  }
  // Read as bytes, as text would hide what is not UTF-8; refused where the body is validated, after the caller is.
  // A provider's webhook is its bytes.
  if (hasBody && !c.req.path.startsWith("/payments/webhooks/")) c.set("utf8", isUtf8(await c.req.arrayBuffer()));
  await next();
}

function wrongType(detail = "The body is not of a type that is taken here."): NanoError {
  return new NanoError("unsupported_type", "unsupported_media_type", detail);
}

function tooLarge(): NanoError {
  return new NanoError("too_large", "body_too_large", "The body must be at most 1 MiB.");
}

function fromHono(error: HTTPException): NanoError {
  if (error.status === 400) return invalid("invalid_json", "The body is not valid JSON.");
  return toNanoError(error);
}

/** Renders an error, logs it if it is a fault of ours. */
function problem(c: RequestContext, thrown: unknown, log?: Log): Response {
  const error = toNanoError(thrown);
  const body = toProblem(error, c.req.path, c.get("request_id"));
  if (error.kind === "internal") log?.error({ err: thrown }, "a request failed");
  else log?.debug({ err: thrown }, "a request was refused");
  if (error.extras.retry_after) c.header("Retry-After", String(error.extras.retry_after));
  if (error.extras.replayed) c.header("Idempotent-Replayed", "true");
  if (body.status === 401) c.header("WWW-Authenticate", "Bearer");
  return c.body(JSON.stringify(body), body.status as 400, { "Content-Type": "application/problem+json" });
}

function connectionAddress(c: RequestContext): string {
  try {
    return getConnInfo(c).remote.address ?? "";
  } catch {
    return "127.0.0.1"; // app.request() in tests has no connection
  }
}

function isLocal(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}
