import { unavailable } from "../shared/errors.ts";
import type { Log } from "../shared/log.ts";
import { countRefusal } from "../shared/overload.ts";
import { toProblem } from "../shared/problem.ts";
import { NO_CONTENT, VARY } from "./answer_headers.ts";
import { observeRefusal } from "./observe.ts";
import { requestIdOf } from "./request_id.ts";

/** What a gate goes by. */
interface Bounds {
  /** What took longer, in milliseconds, waited for others rather than was worked on. */
  slow: number;
  /** So many at once are no overload, however slow the machine is. */
  least: number;
  most: number;
}

/** Those who look around are the first to wait, who holds a cart comes before them. Orders and payments have no gate. */
const BROWSE: Bounds = { slow: 250, least: 16, most: 1_024 };
const OTHER: Bounds = { slow: 500, least: 32, most: 1_024 };
const CART: Bounds = { slow: 1_000, least: 64, most: 512 };
/** What reads a page again that many look at. */
const POPULAR: Bounds = { slow: 500, least: 32, most: 256 };

const GATES: ReadonlyMap<string, Bounds> = new Map([
  ...["products", "categories", "variants", "search"].map((resource) => [`GET ${resource}`, BROWSE] as const),
  ...["stores", "orders", "payments", "users"].map((resource) => [`GET ${resource}`, OTHER] as const),
  ...["GET", "POST", "PATCH", "PUT", "DELETE"].map((method) => [`${method} cart`, CART] as const),
]);

const WINDOW_MS = 250;
/** So few answers say nothing. */
const ENOUGH = 10;
/** Waiting is to take this part of what is slow. */
const AIM = 0.6;
/** Who has met no queue for so long, and then nobody else, begins anew. */
const FORGET_MS = 2_000;

/** How late a timer is where the process has more to do than it can, and when that is over. */
const LATE_MS = { from: 50, until: 20 };
/** So many of a kind are let in while it is late. */
const BEHIND = 4;
const TICK_MS = 50;

/** How many requests of one kind may be under way. */
export interface Gate {
  /** Whether one more may begin; it is counted until `leave`. */
  enter(now: number): boolean;
  leave(milliseconds: number, now: number): void;
  /** Takes one out of the count for a while (-1), and in again (1). */
  step(by: -1 | 1): void;
  readonly limit: number;
  readonly underWay: number;
}

/**
 * A limit that follows how it goes. Where half of the answers of a quarter second were slow there is a queue: as many
 * are let in as are answered while one is willing to wait (Little's law), so that the queue goes at once; where the
 * limit is met and they are fast, a few more.
 */
export function createGate({ slow, least, most }: Bounds = BROWSE): Gate {
  let limit = most;
  let underWay = 0;
  // Of the window that is running.
  let began = -Infinity;
  let answered = 0;
  let late = 0;
  let peak = 0;
  let slowAt = -Infinity;
  return {
    enter(now) {
      if (underWay === 0 && now - began > WINDOW_MS) {
        [answered, late, peak, began] = [0, 0, 0, now];
        if (now - slowAt > FORGET_MS) limit = most;
      }
      if (underWay >= limit) return false;
      peak = Math.max(peak, ++underWay);
      return true;
    },
    leave(milliseconds, now) {
      underWay--;
      answered++;
      if (milliseconds > slow) late++;
      const passed = now - began;
      if (passed < WINDOW_MS || answered < ENOUGH) return;
      if (late * 2 > answered) {
        limit = Math.min(limit, Math.max(least, Math.floor(answered / passed * slow * AIM)));
        slowAt = now;
      } else if (peak >= limit) limit = Math.min(most, limit + Math.ceil(limit / 16));
      [answered, late, peak, began] = [0, 0, underWay, now];
    },
    step(by) {
      underWay += by;
    },
    get limit() {
      return limit;
    },
    get underWay() {
      return underWay;
    },
  };
}

/** Tells whether the event loop is late: then what comes waits before anybody sees it. */
function watchLoop(): { late(): boolean; close(): void } {
  let last = performance.now();
  let lateness = 0;
  let late = false;
  const timer = setInterval(() => {
    const now = performance.now();
    // Smoothed, so that one long pause, such as for memory to be tidied, is none.
    lateness += (Math.max(0, now - last - TICK_MS) - lateness) / 4;
    late = lateness > (late ? LATE_MS.until : LATE_MS.from);
    last = now;
  }, TICK_MS);
  Deno.unrefTimer(Number(timer));
  return { late: () => late, close: () => clearInterval(timer) };
}

type Handler = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>;

/** What a door is made of; all but the log for tests. */
export interface DoorDeps {
  log: Log;
  loop?: { late(): boolean };
  now?: () => number;
}

/**
 * The door before the whole chain. Refuses at once (503, Retry-After), before anything is read or looked up, what would
 * only wait: too many of its kind under way for how fast they are answered, or the event loop behind. `popular` says
 * that many wait for what this one reads.
 */
export function createDoor(
  whole: Handler,
  { log, loop = watchLoop(), now = () => performance.now() }: DoorDeps,
): (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>, popular?: boolean) => Response | Promise<Response> {
  const gates = new Map<string, Gate>();
  const tell = summary(log);
  const gateOf = (kind: string, bounds: Bounds) => {
    let gate = gates.get(kind);
    if (!gate) gates.set(kind, gate = createGate(bounds));
    return gate;
  };
  return (request, info, popular = false) => {
    const [path, resource] = placeOf(request.url);
    const method = request.method === "HEAD" ? "GET" : request.method;
    const kind = `${method} ${resource}`;
    const bounds = GATES.get(kind);
    if (!bounds) return whole(request, info);
    const gate = popular ? gateOf("popular", POPULAR) : gateOf(kind, bounds);
    const began = now();
    const behind = bounds !== CART && !popular && gate.underWay >= BEHIND && loop.late();
    if (behind || !gate.enter(began)) {
      tell();
      observeRefusal(method, resource);
      return refusal(request, path);
    }
    const ticket: Ticket = { gate, waited: 0 };
    if (request.method !== "GET") tickets.set(info, ticket);
    return left(() => whole(request, info), () => {
      const ended = now();
      gate.leave(ended - began - ticket.waited, ended);
    });
  };
}

/** A request within a gate, and how long it waited for its body. */
interface Ticket {
  readonly gate: Gate;
  waited: number;
}

const tickets = new WeakMap<object, Ticket>();

/**
 * Waits for the body of the request that `info` came with, outside of its gate: how slowly a body comes says nothing of
 * how busy we are, and half requests must keep nobody else out.
 */
export async function outside<T>(info: unknown, arriving: () => Promise<T>): Promise<T> {
  const ticket = typeof info === "object" && info !== null ? tickets.get(info) : undefined;
  if (!ticket) return await arriving();
  const began = performance.now();
  ticket.gate.step(-1);
  try {
    return await arriving();
  } finally {
    ticket.gate.step(1);
    ticket.waited += performance.now() - began;
  }
}

async function left(answer: () => Response | Promise<Response>, leave: () => void): Promise<Response> {
  try {
    return await answer();
  } finally {
    leave();
  }
}

/** The path of a URL, and the first name in it. */
function placeOf(url: string): [path: string, resource: string] {
  const from = url.indexOf("/", "https://".length);
  if (from < 0) return ["/", ""];
  const query = url.indexOf("?", from);
  const path = query < 0 ? url.slice(from) : url.slice(from, query);
  const end = path.indexOf("/", 1);
  const resource = end < 0 ? path.slice(1) : path.slice(1, end);
  return [path, resource.includes("%") ? decoded(resource) : resource];
}

/** As the routes read it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Made once: an error's stack costs more than the answer. */
const BUSY = unavailable();

/** What the chain says of an overload, without the chain. A script of any origin may read it: it tells nothing. */
function refusal(request: Request, path: string): Response {
  const request_id = requestIdOf(request.headers.get("X-Request-Id"));
  const response = new Response(JSON.stringify(toProblem(BUSY, path, request_id)), {
    status: 503,
    headers: {
      "Content-Type": "application/problem+json",
      "Retry-After": "1",
      "X-Request-Id": request_id,
      "Cache-Control": "no-store",
      "Vary": VARY,
      "Content-Security-Policy": NO_CONTENT,
      "X-Content-Type-Options": "nosniff",
    },
  });
  if (request.headers.has("Origin")) {
    response.headers.set("Access-Control-Allow-Origin", "*");
    response.headers.set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
  }
  return response;
}

/** Counts refusals; a line a second says how many there were, as a line each would cost more than they do. */
function summary(log: Log): () => void {
  let refused = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    countRefusal("gateway");
    refused++;
    timer ??= setTimeout(() => {
      log.warn({ event: { action: "refused_for_overload" }, refused }, `refused ${refused} requests for overload`);
      refused = 0;
      timer = undefined;
    }, 1_000);
  };
}
