import { createMiddleware } from "@hono/hono/factory";
import { currentActor, requireAnywhere, userId } from "../shared/auth.ts";
import type { Permission } from "../shared/permissions.ts";
import type { Env } from "./env.ts";

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
