import { createMiddleware } from "@hono/hono/factory";
import { HTTPException } from "@hono/hono/http-exception";
import { invalid, NanoError } from "../shared/errors.ts";
import { overloaded } from "../shared/overload.ts";
import type { Env } from "./env.ts";

/**
 * What bounds a request, beyond what Deno's server refuses by itself: more than 128 headers or 64 KiB of them, two
 * lengths, a length and chunks, folded headers. Slow headers, idle connections and answers that nobody takes are
 * connections.ts' to end.
 */
const MAX_URL = 8 * 1024;
const MAX_DEPTH = 64;
const MAX_UNDER_WAY = 2_048;
/** Bodies that have not arrived. They keep nobody from reading: else half requests would be a way to shut all out. */
const MAX_ARRIVING = 4_096;
let arrivals = 0;
const BODY_MS = 10_000;

/** A name or an address, perhaps with a port: nothing that would move the path, which Deno joins to it. */
const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;
let lastHost: string | null | undefined;

/** Whether a Host header names a host, or there is none, as in HTTP/1.0 and 2. Most requests name the same. */
export function isHost(host: string | null | undefined): boolean {
  if (host == null || host === lastHost) return true;
  // It may look like one and be none, such as 256.1.1.1: then no URL can be made of it.
  if (!HOST.test(host) || !URL.canParse(`http://${host}`)) return false;
  lastHost = host;
  return true;
}

/** Refuses requests whose Host is none, or whose URL is too long, and all beyond 2048 at a time with a fast 503. */
export function bounds() {
  let underWay = 0;
  return createMiddleware<Env>(async (c, next) => {
    if (!isHost(c.req.header("Host"))) throw invalid("invalid_host", "The Host header names no host.");
    const coding = c.req.header("Transfer-Encoding");
    if (coding !== undefined && coding.toLowerCase() !== "chunked") throw strangeCoding();
    if (c.req.url.length > MAX_URL) {
      throw new NanoError("url_too_long", "url_too_long", "The URL must have at most 8 KiB.");
    }
    if (underWay - arrivals >= MAX_UNDER_WAY) throw overloaded("gateway");
    underWay++;
    try {
      await next();
    } finally {
      underWay--;
    }
  });
}

function strangeCoding(): NanoError {
  return new NanoError("unsupported_type", "unsupported_media_type", "A body comes as it is, or in chunks.");
}

/**
 * Gives up on a body that arrives too slowly, or never as a whole. Throws `body_timeout` (408), and `body_incomplete`
 * (400) where it broke off or its chunks are none.
 */
export async function inTime<T>(arriving: Promise<T>, milliseconds = BODY_MS): Promise<T> {
  arriving.catch(() => {}); // Should it fail when nobody looks any more.
  if (arrivals >= MAX_ARRIVING) throw overloaded("gateway");
  arrivals++;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NanoError("slow", "body_timeout", "The body did not arrive in time.")),
      milliseconds,
    );
  });
  try {
    return await Promise.race([arriving, late]);
  } catch (error) {
    // What refuses a body says so itself; the rest is what Deno could not read.
    if (error instanceof NanoError || error instanceof HTTPException) throw error;
    throw invalid("body_incomplete", "The body did not arrive as a whole.");
  } finally {
    arrivals--;
    clearTimeout(timer);
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
