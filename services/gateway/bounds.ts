import { createMiddleware } from "@hono/hono/factory";
import { invalid, NanoError } from "../shared/errors.ts";
import { overloaded } from "../shared/overload.ts";
import type { Env } from "./env.ts";

/**
 * What bounds a request, beyond what Deno's server refuses by itself: more than 100 headers or 400 KiB of them, two
 * lengths, a length and chunks, folded headers. It has no time-out for headers and idle connections: that is for the
 * ingress.
 */
const MAX_URL = 8 * 1024;
const MAX_DEPTH = 64;
const MAX_UNDER_WAY = 2_048;
const BODY_MS = 10_000;

/** A name or an address, perhaps with a port: nothing that would move the path, which Deno joins to it. */
const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Refuses requests whose Host is none, or whose URL is too long, and all beyond 2048 at a time with a fast 503. */
export function bounds() {
  let underWay = 0;
  return createMiddleware<Env>(async (c, next) => {
    const host = c.req.header("Host");
    if (host !== undefined && !HOST.test(host)) throw invalid("invalid_host", "The Host header names no host.");
    if (c.req.url.length > MAX_URL) {
      throw new NanoError("url_too_long", "url_too_long", "The URL must have at most 8 KiB.");
    }
    if (underWay >= MAX_UNDER_WAY) throw overloaded("gateway");
    underWay++;
    try {
      await next();
    } finally {
      underWay--;
    }
  });
}

/** Gives up on a body that arrives too slowly, or never as a whole. Throws `body_timeout` (408). */
export async function inTime<T>(arriving: Promise<T>, milliseconds = BODY_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NanoError("slow", "body_timeout", "The body did not arrive in time.")),
      milliseconds,
    );
  });
  try {
    return await Promise.race([arriving, late]);
  } finally {
    clearTimeout(timer);
    // Nobody looks at it any more, should it fail later.
    arriving.catch(() => {});
  }
}

/** Whether JSON is nested deeper than anything that is taken here; looked at before it is parsed. */
export function isTooDeep(bytes: Uint8Array): boolean {
  let [depth, inText] = [0, false];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];
