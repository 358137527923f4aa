import { createMiddleware } from "@hono/hono/factory";
import { currentContext, withContext } from "../shared/context.ts";
import { gauge } from "../shared/metrics.ts";
import { overloaded } from "../shared/overload.ts";
import type { Env } from "./env.ts";

const CHECKOUT_MS = 10_000;
const MAX_CHECKOUTS = 256;
let checkouts = 0;
gauge("nano_checkouts_under_way", "Checkouts that were not answered yet.", () => checkouts);

/** Gives a checkout its 10 s, and admits 256 at a time; beyond that a fast 503. */
export function checkout() {
  return createMiddleware<Env>(async (_c, next) => {
    const context = currentContext();
    if (!context) throw new Error("Cannot run a checkout outside of a request.");
    if (checkouts >= MAX_CHECKOUTS) throw overloaded("checkouts");
    checkouts++;
    try {
      await withContext({ ...context, deadline: Date.now() + CHECKOUT_MS }, next);
    } finally {
      checkouts--;
    }
  });
}
