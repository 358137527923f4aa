import { createMiddleware } from "@hono/hono/factory";
import type { Context } from "@hono/hono";
import type { ApiKey, Session } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor, requireAnywhere, userId } from "../shared/auth.ts";
import { currentContext, withContext } from "../shared/context.ts";
import { gauge } from "../shared/metrics.ts";
import { overloaded } from "../shared/overload.ts";
import type { Permission } from "../shared/permissions.ts";

/** What the middleware leaves on Hono's context. */
export interface Env {
  Variables: {
    request_id: string;
    /** The client's address, past the trusted proxies. */
    address: string;
    /** The signed-in user's session. */
    session?: Session;
    /** The API key of the request. */
    key?: ApiKey;
    /** The id of the request's store, once it was asked for: for the log. */
    store?: string;
    /** The size of the answer's body, where it is known: for the log. */
    bytes?: number;
    /** Whether the body's bytes are UTF-8; unset without a body. */
    utf8?: boolean;
  };
}

/** Hono's context with what our middleware leaves on it. */
export type RequestContext = Context<Env>;

/** Lets only the signed-in pass; else 401, and 403 for an API key. */
export function signedIn() {
  return createMiddleware<Env>(async (_c, next) => {
    userId(currentActor());
    await next();
  });
}

/** Lets only those pass who have a permission in some store; a stranger gets 401, another role 403. */
export function allow(permission: Permission) {
  return createMiddleware<Env>(async (_c, next) => {
    requireAnywhere(currentActor(), permission);
    await next();
  });
}

/**
 * Loads the object that a request is about before its body is validated, as the actor, so that someone else's object
 * is 404 whatever the body says.
 */
export function visible(load: (id: string) => Promise<unknown>) {
  return createMiddleware<Env>(async (c, next) => {
    await load(c.req.param("id") ?? "");
    await next();
  });
}

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
