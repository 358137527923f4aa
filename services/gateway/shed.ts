import { createMiddleware } from "@hono/hono/factory";
import { overloaded } from "../shared/overload.ts";
import type { Env } from "./env.ts";

/** A read that took longer was waiting for others rather than worked on. */
const SLOW_MS = 500;
const WINDOW_MS = 250;
/** So few answers say nothing. */
const ENOUGH = 10;
const [LEAST, MOST] = [128, 1_024];
/** How late a timer is where the process has more to do than it can. */
const LATE_MS = 300;
const TICK_MS = 50;
const TICKS = 3;
/** So few requests at once are no overload, however slow the machine is. */
const FEW = 64;

/** How many reads of one resource may be under way. */
export interface Gate {
  /** Whether one more may begin; it is counted until `leave`. */
  enter(): boolean;
  leave(milliseconds: number, now: number): void;
  readonly limit: number;
}

/**
 * A limit that follows how it goes: where half of the reads of a quarter second were slow there is a queue, so fewer
 * are let in; where none had to be refused for long enough, more are. So a queue stays shorter than what waits in it
 * is willing to wait, and what is refused is refused at once.
 */
export function createGate(): Gate {
  let [limit, underWay, answered, slow, peak, began] = [MOST, 0, 0, 0, 0, -Infinity];
  return {
    enter() {
      if (underWay >= limit) return false;
      peak = Math.max(peak, ++underWay);
      return true;
    },
    leave(milliseconds, now) {
      underWay--;
      answered++;
      if (milliseconds > SLOW_MS) slow++;
      if (now - began < WINDOW_MS || answered < ENOUGH) return;
      if (slow * 2 > answered) limit = Math.max(LEAST, Math.floor(Math.min(limit, peak) * 0.7));
      else if (peak >= limit) limit = Math.min(MOST, limit + Math.ceil(limit / 16));
      else if (slow === 0) limit = Math.min(MOST, limit + 8);
      [answered, slow, peak, began] = [0, 0, underWay, now];
    },
    get limit() {
      return limit;
    },
  };
}

/** Tells whether the event loop has been late for a while: then what comes waits before anybody sees it. */
export function watchLoop(): { late(): boolean; close(): void } {
  let [last, lates] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    lates = now - last - TICK_MS > LATE_MS ? Math.min(TICKS, lates + 1) : Math.max(0, lates - 1);
    last = now;
  }, TICK_MS);
  Deno.unrefTimer(Number(timer));
  return { late: () => lates >= TICKS, close: () => clearInterval(timer) };
}

/**
 * Refuses reads at once (503, Retry-After) that would only wait: too many of their resource under way for how fast they
 * are answered, or the event loop behind. Writes are fewer, limited per buyer, and worth more: they go on.
 */
export function shedReads(loop: { late(): boolean } = watchLoop(), now = () => performance.now()) {
  const gates = new Map<string, Gate>();
  let reads = 0;
  return createMiddleware<Env>(async (c, next) => {
    const [, resource = ""] = c.req.path.split("/", 2);
    if (c.req.method !== "GET" || !RESOURCES.has(resource)) return await next();
    let gate = gates.get(resource);
    if (!gate) gates.set(resource, gate = createGate());
    if ((reads >= FEW && loop.late()) || !gate.enter()) throw overloaded("gateway");
    const started = now();
    reads++;
    try {
      await next();
    } finally {
      reads--;
      const ended = now();
      gate.leave(ended - started, ended);
    }
  });
}

/** What is read in numbers; probes and documents are not among them. */
const RESOURCES = new Set([
  "products",
  "categories",
  "variants",
  "stores",
  "cart",
  "orders",
  "payments",
  "search",
  "users",
]);
