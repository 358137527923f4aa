import { createMiddleware } from "@hono/hono/factory";
import { currentActor, require } from "../../shared/auth.ts";
import type { Permission } from "../../shared/permissions.ts";
import type { Env } from "../env.ts";
import type { Stores } from "../stores.ts";

/** Lets only those create something who may do so in the request's store; to staff of others it is 404. */
export function inOwnStore(stores: Stores, permission: Permission) {
  return createMiddleware<Env>(async (c, next) => {
    require(currentActor(), permission, (await stores.of(c)).id, "store");
    await next();
  });
}
