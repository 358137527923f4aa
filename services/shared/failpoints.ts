/**
 * Named places in the code where a test may have a process die, sleep or fail; see tasks/faults. They do nothing unless
 * FAILPOINTS is set, and a process with FAILPOINTS set does not start in production.
 *
 * FAILPOINTS is a list such as `order.after_reserve=kill,product.reserve_stock=sleep:60000,payment.charge=error*2`, or
 * `on` for none yet: they can be changed while the process runs (`POST /failpoints` on its HTTP port).
 */
import { NanoError } from "./errors.ts";

interface Action {
  kind: "kill" | "sleep" | "error" | "unavailable" | "skew";
  /** Milliseconds to sleep, or by how much the clock is ahead. */
  milliseconds: number;
  /** How often it still happens. */
  left: number;
}

const RealDate = Date;
let armed: Map<string, Action> | undefined;
let hits = new Map<string, number>();

/** Whether this process has failpoints at all. Throws in production. */
export function enableFailpoints(config: { ENVIRONMENT: string }, list = Deno.env.get("FAILPOINTS")): boolean {
  if (!list) return false;
  if (config.ENVIRONMENT === "production") throw new Error("Cannot start as FAILPOINTS must not be set in production.");
  setFailpoints(list);
  return true;
}

/** Replaces what is armed. `undefined` turns failpoints off altogether. */
export function setFailpoints(list: string | undefined): void {
  armed = list === undefined ? undefined : parse(list);
  hits = new Map();
  const skew = armed?.get("clock")?.milliseconds;
  globalThis.Date = skew ? skewed(skew) : RealDate;
}

/** How often each place was passed since the list was last set. */
export function failpointHits(): Record<string, number> {
  return Object.fromEntries(hits);
}

/** A place where a test may have this process die, sleep or fail. Costs nothing while failpoints are off. */
export function failpoint(name: string): Promise<void> | void {
  if (armed) return act(name);
}

async function act(name: string): Promise<void> {
  hits.set(name, (hits.get(name) ?? 0) + 1);
  const action = armed?.get(name);
  if (!action || action.left <= 0) return;
  action.left--;
  // As dead as by kill -9: nothing is flushed, closed or answered.
  if (action.kind === "kill") Deno.exit(137);
  if (action.kind === "sleep") await new Promise((resolve) => setTimeout(resolve, action.milliseconds));
  if (action.kind === "error") throw new Error(`failpoint ${name}`);
  if (action.kind === "unavailable") throw new NanoError("unavailable", "unavailable", `failpoint ${name}`);
}

/** A clock that is so many milliseconds ahead. Its dates are dates like any others. */
function skewed(milliseconds: number): DateConstructor {
  const now = () => RealDate.now() + milliseconds;
  return new Proxy(RealDate, {
    construct: (target, values) => values.length ? Reflect.construct(target, values) : new target(now()),
    get: (target, name) => name === "now" ? now : Reflect.get(target, name),
  });
}

function parse(list: string): Map<string, Action> {
  const parts = list === "on" ? [] : list.split(",").filter((part) => part !== "");
  return new Map(parts.map((part) => {
    const match = /^([\w.]+)=(kill|sleep|error|unavailable|skew)(?::(-?\d+))?(?:\*(\d+))?$/.exec(part);
    if (!match) throw new Error(`Cannot read FAILPOINTS as it must be like place=sleep:100*2: it has "${part}".`);
    const [, name = "", kind, milliseconds, left] = match;
    return [name, {
      kind: kind as Action["kind"],
      milliseconds: Number(milliseconds ?? 0),
      left: left ? Number(left) : Infinity,
    }];
  }));
}
