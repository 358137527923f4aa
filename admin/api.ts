import type { Context } from "fresh";
import { PROOF_HEADER, proveForwarded } from "../services/shared/forwarding.ts";
import { log } from "./log.ts";
import { endSession, keepSession, type Session } from "./session.ts";
import { settings } from "./settings.ts";
import type { Tokens } from "./types.ts";
import type { State } from "./utils.ts";

/** Longer than the longest of the gateway: 20 s for a bulk change. */
const TIMEOUT_MS = 25_000;
/** A token that ends within this time is renewed before it is used. */
const EARLY_MS = 20_000;

export type Query = Record<string, string | number | boolean | undefined>;

export interface Options {
  query?: Query;
  body?: unknown;
  /** Idempotency-Key: of the form, so that the same form sent twice does its work once. */
  key?: string;
  /** Another store than the one at hand; "" names none. */
  store?: string;
  headers?: Record<string, string>;
  /** How long it may take, where that is longer than usual. */
  timeout?: number;
}

/** A refusal of the gateway: problem+json (RFC 9457). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly request_id: string;
  /** By field: "price", "variants/0/sku". */
  readonly fields: Record<string, string>;
  /** The whole problem, with members such as `allowed`. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Record<string, unknown>) {
    super(typeof problem.detail === "string" ? problem.detail : "The gateway does not answer.");
    this.name = "ApiError";
    this.status = status;
    this.code = typeof problem.code === "string" ? problem.code : "unavailable";
    this.request_id = typeof problem.request_id === "string" ? problem.request_id : "";
    this.problem = problem;
    const errors = Array.isArray(problem.errors) ? problem.errors as { pointer: string; message: string }[] : [];
    this.fields = Object.fromEntries(errors.map(({ pointer, message }) => [pointer.replace(/^\//, ""), message]));
  }
}

/** The gateway, as the operator who asks: the only way out of the console. */
export function api(ctx: Pick<Context<State>, "req" | "state" | "info">) {
  const json = async <T>(method: string, path: string, options?: Options) => {
    const response = await send(ctx, method, path, options);
    return (response.status === 204 ? undefined : await response.json()) as T;
  };
  return {
    get: <T>(path: string, query?: Query, options?: Options) =>
      json<T>("GET", path, { ...options, ...(query && { query }) }),
    post: <T>(path: string, body?: unknown, options?: Options) => json<T>("POST", path, { ...options, body }),
    put: <T>(path: string, body?: unknown, options?: Options) => json<T>("PUT", path, { ...options, body }),
    patch: <T>(path: string, body?: unknown, options?: Options) => json<T>("PATCH", path, { ...options, body }),
    del: <T = void>(path: string, options?: Options) => json<T>("DELETE", path, options),
    /** The answer as it comes, for what is not JSON: files in and out. A body of bytes or a stream goes as it is. */
    send: (method: string, path: string, options?: Options) => send(ctx, method, path, options),
  };
}

export type Api = ReturnType<typeof api>;

/** Sends as the session's user; renews the session when its token has ended or is about to. */
async function send(
  ctx: Pick<Context<State>, "req" | "state" | "info">,
  method: string,
  path: string,
  options: Options = {},
): Promise<Response> {
  const { state } = ctx;
  const session = state.session;
  if (!session) return await checked(await request(ctx, method, path, options));
  const live = session.expire_time - EARLY_MS > Date.now() ? session : await renew(ctx, session);
  const response = await request(ctx, method, path, options, live.access_token);
  // A stream is spent: it is not sent twice.
  if (response.status !== 401 || options.body instanceof ReadableStream) return await checked(response);
  await response.body?.cancel();
  return await checked(await request(ctx, method, path, options, (await renew(ctx, live)).access_token));
}

/** Renewals under way, so that the calls of one page share one. */
const renewals = new WeakMap<Session, Promise<Session>>();

function renew(ctx: Pick<Context<State>, "req" | "state" | "info">, session: Session): Promise<Session> {
  const known = renewals.get(session);
  if (known) return known;
  const renewal = (async () => {
    const body = { refresh_token: session.refresh_token };
    const response = await request(ctx, "POST", "/auth/refresh", { body });
    if (response.status === 401) endSession(ctx.state);
    return await keepSession(ctx.state, await (await checked(response)).json() as Tokens);
  })();
  renewals.set(session, renewal);
  return renewal;
}

async function request(
  { req, state, info }: Pick<Context<State>, "req" | "state" | "info">,
  method: string,
  path: string,
  { query = {}, body, key, store = state.store?.slug, headers: more, timeout = TIMEOUT_MS }: Options,
  token?: string,
): Promise<Response> {
  const url = new URL(settings().GATEWAY_URL.replace(/\/$/, "") + path);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  const headers = new Headers(more);
  headers.set("X-Request-Id", state.request_id);
  const forwarded = forwardedFor(req, info);
  headers.set("X-Forwarded-For", forwarded);
  // By which people know their sessions.
  headers.set("User-Agent", req.headers.get("User-Agent") ?? "");
  headers.set(PROOF_HEADER, proveForwarded(settings().JWT_SECRET, forwarded));
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (store) headers.set("X-Store", store);
  if (key) headers.set("Idempotency-Key", key);
  const raw = body instanceof Uint8Array || body instanceof ReadableStream || typeof body === "string";
  if (body !== undefined && !raw) headers.set("Content-Type", "application/json");
  try {
    return await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(timeout),
      ...(body === undefined ? {} : { body: raw ? body as BodyInit : JSON.stringify(body) }),
    });
  } catch (error) {
    log().error({ err: error, http: { request: { id: state.request_id } } }, "the gateway does not answer");
    throw new ApiError(503, { request_id: state.request_id });
  }
}

async function checked(response: Response): Promise<Response> {
  if (response.ok || response.status === 304) return response;
  throw new ApiError(response.status, await response.json().catch(() => ({})));
}

/** As a proxy writes it: who asked us, after what our own proxy wrote. The gateway believes it, as we sign it. */
function forwardedFor(req: Request, info: Deno.ServeHandlerInfo): string {
  const address = "hostname" in info.remoteAddr ? info.remoteAddr.hostname : "127.0.0.1";
  return [req.headers.get("X-Forwarded-For"), address].filter(Boolean).join(", ");
}
