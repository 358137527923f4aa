import { lookup } from "node:dns/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { invalid } from "../shared/errors.ts";
import { isAllowedAddress, parseTarget, type TargetRules } from "./targets.ts";

/** Finds the IP addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

export interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** The answer to a request, or why there is none. */
export interface Outcome {
  status?: number;
  response_start: string;
  duration_ms: number;
  error?: string;
}

export interface SenderOptions extends TargetRules {
  /** The system's resolver if unset. */
  resolve?: Resolve;
  /** The authority that signed the targets' certificates; the public ones if unset. */
  ca?: string;
}

export type Sender = ReturnType<typeof createSender>;

const RESPONSE_START = 2048;

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
        const target = parseTarget(request.url, rules);
        if (!target) throw new Failure("url_refused");
        const addresses = await unlessAborted(addressesOf(target.host), timeout);
        const response = await post(target, addresses, request, timeout, rules.ca);
        const answer = { status: response.statusCode ?? 0, response_start: await startOf(response, timeout) };
        return { ...answer, duration_ms: duration_ms() };
      } catch (error) {
        const reason = timeout.aborted ? "timed_out" : error instanceof Failure ? error.message : reasonOf(error);
        return { response_start: "", duration_ms: duration_ms(), error: reason };
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
function post(
  { url, host }: { url: URL; host: string },
  [first = ""]: string[],
  { headers, body }: OutgoingRequest,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<IncomingMessage> {
  const pinned = { address: first, family: isIP(first) };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: "POST",
      agent: false,
      signal,
      ...(ca ? { ca } : {}),
      ...(isIP(host) ? {} : { servername: host }),
      headers: { ...headers, "content-length": String(new TextEncoder().encode(body).length) },
      lookup: (_host, options, found) =>
        options.all ? found(null, [pinned]) : found(null, pinned.address, pinned.family),
    });
    request.on("response", resolve);
    request.on("error", reject);
    request.end(body);
  });
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
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return new TextDecoder().decode(bytes.subarray(0, RESPONSE_START)).replaceAll("\0", "\ufffd");
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function reasonOf(error: unknown): string {
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
