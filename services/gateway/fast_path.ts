import { ANONYMOUS } from "../shared/context.ts";
import { PROOF_HEADER } from "../shared/forwarding.ts";
import { traceparentFor, tracing } from "../shared/trace.ts";
import { clientAddress } from "./address.ts";
import { isHost } from "./bounds.ts";
import { type Catalogue, matches, type Page, Shelf, SHOWN_MS } from "./catalogue.ts";
import type { Answered } from "./observe.ts";
import type { RateLimits } from "./rate_limit.ts";
import { requestIdOf } from "./request_id.ts";

/** A page with the headers that the whole chain gave it, but SINGLE ones. */
interface Ready {
  until: number;
  page: Page;
  headers: [name: string, value: string][];
  /** Whether somebody is reading the page again. */
  renewed: boolean;
}

type Info = Deno.ServeHandlerInfo<Deno.NetAddr>;
type Handler = (request: Request, info: Info) => Response | Promise<Response>;

/** Who sends one of these gets more, or something else, than any stranger. */
const PERSONAL = ["Authorization", "X-Api-Key", "X-Cart-Token", "Origin", PROOF_HEADER];
/** What answers have of the single request, or of CORS only; and what JSON_TYPE says already. */
const SINGLE = new Set([
  "x-request-id",
  "ratelimit",
  "ratelimit-policy",
  "access-control-expose-headers",
  "content-type",
]);
const JSON_TYPE = { headers: { "Content-Type": "application/json" } };

/**
 * A short way for the reads that make up most of a shop's traffic: strangers' GETs of a page that was just shown, or is
 * being read for another. It counts, logs and measures them as the whole chain does; everything else, and what is refused, goes through that.
 */
export function fastPath(
  { catalogue, limits, observe, config: { TRUSTED_PROXIES } }: {
    catalogue: Catalogue;
    limits: Pick<RateLimits, "read">;
    observe: (answer: Answered) => void;
    config: { TRUSTED_PROXIES: string[] };
  },
  /** What answers everything else (shed.ts); `popular` says that many wait for it. */
  whole: (request: Request, info: Info, popular?: boolean) => Response | Promise<Response>,
): Handler {
  const known = new Shelf<Ready>();
  const reading = new Map<string, { began: number; ready: Promise<Ready | undefined> }>();
  const addressOf = clientAddress(TRUSTED_PROXIES);

  /** Goes the whole way, and keeps the page for those who come next; who comes meanwhile waits for it. */
  function learn(key: string, request: Request, info: Info, popular: boolean): Promise<Response> {
    const answer = learned(key, request, info, popular);
    const entry = {
      began: performance.now(),
      ready: answer.then(({ ready }) => ready, () => undefined).finally(() => {
        if (reading.get(key) === entry) reading.delete(key);
      }),
    };
    reading.set(key, entry);
    return answer.then(({ response }) => response);
  }

  async function learned(key: string, request: Request, info: Info, popular: boolean) {
    const response = await whole(request, info, popular);
    const page = catalogue.answered.get(request);
    if (!page || (response.status !== 200 && response.status !== 304)) return { response };
    const headers = [...response.headers].filter(([name]) => !SINGLE.has(name));
    const ready = { until: page.end, page, headers, renewed: false };
    known.set(key, ready, page.body.length);
    return { response, ready };
  }

  return (request, info) => {
    const given = request.headers;
    if (tracing || request.method !== "GET" || PERSONAL.some((name) => given.has(name))) return whole(request, info);
    // Joined to the path of such a host, which is refused, the URL may look like a page's.
    if (!isHost(given.get("Host"))) return whole(request, info);
    const started = performance.now();
    const path = request.url.slice(request.url.indexOf("/", "https://".length));
    const key = `${given.get("X-Store") ?? ""} ${path}`;
    const ready = known.get(key);
    if (!ready || !catalogue.shows(ready.page)) {
      const under_way = reading.get(key);
      // What began longer ago is too old by the time that it is there.
      if (!under_way || under_way.began < started - SHOWN_MS) return learn(key, request, info, false);
      return under_way.ready.then((ready) =>
        ready && catalogue.shows(ready.page, started) ? show(ready, request, info, started, path) : whole(request, info)
      );
    }
    if (ready.page.until < started && !ready.renewed) {
      ready.renewed = true;
      return learn(key, request, info, true).then((response) => {
        if (response.status < 500) return response;
        // The page that there is may be shown a little longer, and somebody else renews it.
        ready.renewed = false;
        return catalogue.shows(ready.page) ? show(ready, request, info, started, path) : response;
      });
    }
    return show(ready, request, info, started, path);
  };

  function show(
    { page, headers }: Ready,
    request: Request,
    info: Info,
    started: number,
    path: string,
  ): Response | Promise<Response> {
    const given = request.headers;
    const limit = limits.read(addressOf(info.remoteAddr.hostname, given.get("X-Forwarded-For") ?? undefined));
    if (limit === "refused") return whole(request, info);

    const unchanged = matches(given.get("If-None-Match"), page.etag);
    const request_id = requestIdOf(given.get("X-Request-Id"));
    // Made with its type alone, which Deno has a short way for, and the rest added: a tenth cheaper than made at once.
    const response = unchanged ? new Response(null, { status: 304 }) : new Response(page.body, JSON_TYPE);
    for (const [name, value] of headers) response.headers.append(name, value);
    response.headers.append("X-Request-Id", request_id);
    if (limit) {
      response.headers.append("RateLimit-Policy", limit.policy);
      response.headers.append("RateLimit", limit.state);
    }
    const traceparent = traceparentFor(request_id, given.get("traceparent") ?? undefined);
    const { bytes, route, store } = page;
    observe({
      context: { request_id, actor: ANONYMOUS, deadline: 0, traceparent },
      method: "GET",
      path: path.split("?", 1)[0] ?? path,
      route,
      status: response.status,
      started,
      bytes: unchanged ? undefined : bytes,
      store,
    });
    return response;
  }
}
