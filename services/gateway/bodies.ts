import { bodyLimit } from "@hono/hono/body-limit";
import { createMiddleware } from "@hono/hono/factory";
import type { HTTPException } from "@hono/hono/http-exception";
import { isUtf8 } from "node:buffer";
import { currentContext } from "../shared/context.ts";
import { invalid, NanoError, toNanoError } from "../shared/errors.ts";
import { inTime, isTooDeep } from "./bounds.ts";
import type { Env, RequestContext } from "./env.ts";
import { MAX_MEDIA, mediaTooLarge } from "./routes/media.ts";
import { outside } from "./shed.ts";

/** How long a write may take. */
export const WRITE_MS = 5_000;
const MAX_BODY = 1024 * 1024;
/** What a form adds to its file. */
const FORM = 16 * 1024;
/** The routes whose bodies are not JSON. */
const OTHER_TYPES = new Map([
  ["/media", /^(image\/|multipart\/form-data\s*;)/i],
  ["/products/import", /^text\/csv\s*(;|$)/i],
]);

/** Refuses bodies over 1 MiB, and images over 5. */
export function sizeLimits() {
  const usual = limitTo(MAX_BODY, tooLarge);
  const images = limitTo(MAX_MEDIA + FORM, mediaTooLarge);
  return (c: RequestContext, next: () => Promise<void>) => (c.req.path === "/media" ? images : usual)(c, next);
}

function limitTo(maxSize: number, refusal: () => NanoError) {
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      throw refusal();
    },
  });
  // It reads what comes in chunks, and only that, before it goes on.
  return async (c: RequestContext, next: () => Promise<void>) => {
    const length = c.req.header("Content-Length");
    if (length !== undefined && c.req.header("Transfer-Encoding") === undefined) {
      if (c.req.raw.body && parseInt(length, 10) > maxSize) throw refusal();
    } else if (c.req.raw.body) await outside(c.env, () => inTime(limit(c, () => Promise.resolve())));
    await next();
  };
}

/** JSON in any spelling that is legal; and the one that what follows knows without a doubt. */
const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;
const PLAIN_JSON = /^application\/json(; ?charset=utf-8)?$/i;

/**
 * Refuses bodies that are not JSON, or on a few routes not what those take. JSON goes on as `application/json`, whatever
 * it was called.
 */
export async function onlyJson(c: RequestContext, next: () => Promise<void>): Promise<void> {
  // Deno gives a DELETE or POST without a body an empty stream: only the headers tell.
  const length = c.req.header("Content-Length");
  const told = length !== undefined || c.req.header("Transfer-Encoding") !== undefined ||
    c.req.header("Content-Type") !== undefined;
  const reads = c.req.method === "GET" || c.req.method === "HEAD";
  const hasBody = c.req.raw.body !== null && told && length !== "0" && !reads;
  const type = c.req.header("Content-Type") ?? "";
  const other = OTHER_TYPES.get(c.req.path);
  if (other) {
    if (hasBody && !other.test(type)) throw wrongType();
    return await next();
  }
  const json = JSON_TYPE.test(type);
  if (hasBody && !json) throw wrongType("The body must be application/json.");
  // A provider's webhook is its bytes.
  if (reads || c.req.path.startsWith("/payments/webhooks/")) return await next();

  let text = "";
  if (hasBody) {
    // Read as bytes, as text would hide what is not UTF-8; refused where the body is validated, after the caller is.
    const bytes = new Uint8Array(await outside(c.env, () => inTime(c.req.arrayBuffer())));
    if (isTooDeep(bytes)) throw invalid("body_too_deep", "The body must be nested at most 64 deep.");
    c.set("utf8", isUtf8(bytes));
    text = new TextDecoder().decode(bytes);
    // The work has its time from when there is something to work on.
    const context = currentContext();
    if (context) context.deadline = Date.now() + WRITE_MS;
  }
  if (json) {
    // What the routes ask for: of the bytes Hono would make it anew for each who does, by a Response.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
    if (!PLAIN_JSON.test(type)) c.req.raw = asJson(c.req.raw);
  }
  await next();
}

/** For routes that need no body: without one, clients with fixed headers still tell the type of one. */
export function emptyIsNone() {
  return createMiddleware<Env>(async (c, next) => {
    if (c.req.header("Content-Type") !== undefined && await c.req.text() === "") {
      Object.assign(c.req.bodyCache, { text: Promise.resolve("{}") });
    }
    await next();
  });
}

/** A request whose body was read, with a plainer type. */
function asJson({ url, method, headers, signal }: Request): Request {
  const json = new Headers(headers);
  json.set("Content-Type", "application/json");
  return new Request(url, { method, headers: json, signal });
}

function wrongType(detail = "The body is not of a type that is taken here."): NanoError {
  return new NanoError("unsupported_type", "unsupported_media_type", detail);
}

function tooLarge(): NanoError {
  return new NanoError("too_large", "body_too_large", "The body must be at most 1 MiB.");
}

/** What Hono refuses by itself: a body that it cannot read, or the type of none. */
export function fromHono(error: HTTPException): NanoError {
  if (error.status === 415) return wrongType();
  if (error.status === 400) return invalid("invalid_json", "The body is not valid JSON.");
  return toNanoError(error);
}
