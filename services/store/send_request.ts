import { lookup } from "node:dns/promises";
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { invalid } from "../shared/errors.ts";
import { tracing, withoutSpans } from "../shared/trace.ts";
import { isAllowedAddress, parseTarget, type TargetRules } from "./targets.ts";

/** Finds the IP addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

/** A request as it goes out, whole: it is sent once. */
export interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What was at a URL, or why it is not here. */
export interface Fetched {
  status?: number;
  /** Whole, and only where the status is 200. */
  body: Uint8Array<ArrayBuffer>;
  error?: string;
}

/** The answer to a request, or why there is none. */
export interface Outcome {
  status?: number;
  response_start: string;
  duration_ms: number;
  error?: string;
}

/** What a sender may reach, and what tests put in place of the world. */
export interface SenderOptions extends TargetRules {
  /** The system's resolver if unset. */
  resolve?: Resolve;
  /** The authority that signed the targets' certificates; the public ones if unset. */
  ca?: string;
}

interface Request {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string;
}

export type Sender = ReturnType<typeof createSender>;

const RESPONSE_START = 2048;
/** The largest image, as everywhere. */
const MAX_IMAGE = 5 * 1024 * 1024;
/** Packed bodies are not unpacked, so none are asked for. */
const IMAGE_HEADERS = { accept: "image/jpeg, image/png, image/webp", "accept-encoding": "identity" };

/** Why a request got no answer. */
class Failure extends Error {}

/** Sends requests to targets that the rules allow, and nowhere else, whatever a name resolves to meanwhile. */
export function createSender(rules: SenderOptions) {
  const { resolve = systemAddresses } = rules;

  /** The addresses that a request may connect to: each that the name has, or none at all if one is refused. */
  async function addressesOf(host: string): Promise<string[]> {
    const addresses = isIP(host) ? [host] : await resolve(host).catch(() => []);
    if (addresses.length === 0) throw new Failure("name_not_resolved");
    if (!addresses.every((address) => isAllowedAddress(address, rules))) throw new Failure("address_refused");
    return addresses;
  }

  /** The answer to a request, its body still to come. */
  async function reach(request: Request, signal: AbortSignal): Promise<IncomingMessage> {
    const target = parseTarget(request.url, rules);
    if (!target) throw new Failure("url_refused");
    const addresses = await unlessAborted(addressesOf(target.host), signal);
    const response = await unlessAborted(open(target, addresses, request, signal, rules.ca), signal);
    const { statusCode = 0 } = response;
    if (statusCode >= 100) return response;
    response.destroy();
    throw new Failure("bad_answer");
  }

  return {
    /** Refuses a URL that no request would be sent to. A name that nobody knows yet passes. */
    async check(url: string): Promise<void> {
      const target = parseTarget(url, rules);
      const refused = !target || await addressesOf(target.host).then(
        () => false,
        (error) => error instanceof Failure && error.message === "address_refused",
      );
      if (refused) throw invalid("webhook_url_refused", refusal(rules), "/url");
    },

    /** Posts a body once, within so many milliseconds from the first look-up to the answer's first 2 KiB. */
    async send(request: OutgoingRequest, milliseconds: number): Promise<Outcome> {
      const started = performance.now();
      const duration_ms = () => Math.round(performance.now() - started);
      const timeout = AbortSignal.timeout(Math.max(1, milliseconds));
      try {
        const response = await reach({ ...request, method: "POST" }, timeout);
        const answer = { status: response.statusCode ?? 0, response_start: await startOf(response, timeout) };
        return { ...answer, duration_ms: duration_ms() };
      } catch (error) {
        return { response_start: "", duration_ms: duration_ms(), error: reasonOf(error, timeout) };
      }
    },

    /** Gets what is at a URL, within so many milliseconds from the first look-up to the last byte. */
    async fetchImage(url: string, milliseconds: number): Promise<Fetched> {
      const timeout = AbortSignal.timeout(Math.max(1, milliseconds));
      try {
        const response = await reach({ url, method: "GET", headers: IMAGE_HEADERS }, timeout);
        const status = response.statusCode ?? 0;
        if (status === 200) return { status, body: await wholeOf(response, timeout) };
        response.destroy();
        return { status, body: new Uint8Array() };
      } catch (error) {
        return { body: new Uint8Array(), error: reasonOf(error, timeout) };
      }
    },
  };
}

async function systemAddresses(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * Connects to the first address, the name being for Host and TLS only: no second look-up, no pooled connection, no
 * proxy, and a redirect is an answer like any other.
 */
function open(
  { url, host }: { url: URL; host: string },
  [first = ""]: string[],
  { method, headers, body }: Request,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<IncomingMessage> {
  const pinned = { address: first, family: isIP(first) };
  const length = body === undefined ? {} : { "content-length": String(new TextEncoder().encode(body).length) };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method,
      agent: false,
      signal,
      ...(ca ? { ca } : {}),
      ...(isIP(host) ? {} : { servername: host }),
      headers: { ...headers, ...length },
      lookup: (_host, options, found) =>
        options.all ? found(null, [pinned]) : found(null, pinned.address, pinned.family),
    });
    request.on("response", resolve);
    request.on("error", reject);
    // Nobody asked for another protocol; without a listener it would be waited for, for ever.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new Failure("bad_answer"));
    });
    if (tracing) endUntraced(request, body);
    else request.end(body);
  });
}

/**
 * Deno would open a span that holds the whole URL, whose path may be a merchant's secret, and would put that span's
 * traceparent in place of ours.
 */
function endUntraced(request: ClientRequest, body: string | undefined): void {
  const set = request.setHeader.bind(request);
  request.setHeader = (name, value) => name === "traceparent" ? request : set(name, value);
  withoutSpans(() => request.end(body));
}

/** The first 2 KiB of an answer, as text that PostgreSQL can hold; the rest is not waited for. */
async function startOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const read = async () => {
    for await (const part of response as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length >= RESPONSE_START) break;
    }
  };
  // The status is there, so an answer that breaks off or never ends is still one.
  await unlessAborted(read(), signal).catch(() => {});
  response.destroy();
  return new TextDecoder().decode(joined(parts, length).subarray(0, RESPONSE_START)).replaceAll("\0", "\ufffd");
}

/** The whole body of an answer. Throws where it is over 5 MiB, broken off or not there in time. */
async function wholeOf(response: IncomingMessage, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const announced = response.headers["content-length"];
  const parts: Uint8Array[] = [];
  let length = 0;
  const read = async () => {
    if (Number(announced) > MAX_IMAGE) throw new Failure("too_large");
    for await (const part of response as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length > MAX_IMAGE) throw new Failure("too_large");
    }
    if (announced !== undefined && Number(announced) !== length) throw new Failure("bad_answer");
  };
  try {
    await unlessAborted(read(), signal);
  } finally {
    response.destroy();
  }
  return joined(parts, length);
}

function joined(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function reasonOf(error: unknown, timeout: AbortSignal): string {
  if (timeout.aborted) return "timed_out";
  if (error instanceof Failure) return error.message;
  const code = String((error as { code?: unknown }).code ?? "");
  if (/^(E(CONN|HOST|NET|ADDR|PIPE|TIMEDOUT|NOTFOUND)|UND_)/.test(code)) return "connection_failed";
  if (/CERT|TLS|SSL|EPROTO/.test(code)) return "tls_failed";
  return /^HPE_/.test(code) ? "bad_answer" : "connection_failed";
}

function refusal({ allowHttp, allowPrivate }: TargetRules): string {
  const schemes = allowHttp ? "http or https" : "https";
  return `A webhook's URL must be ${schemes}, without a password, and lead to ${
    allowPrivate ? "no link-local or reserved" : "a public"
  } address.`;
}
