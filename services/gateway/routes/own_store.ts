import { createMiddleware } from "@hono/hono/factory";
import { currentActor, require, requireAnywhere } from "../../shared/auth.ts";
import type { Permission } from "../../shared/permissions.ts";
import type { Env } from "../env.ts";
import type { Stores } from "../stores.ts";

/** Lets only those pass who have a permission in the request's store, which is looked for last; to staff of others it is 404. */
export function inOwnStore(stores: Stores, permission: Permission) {
  return createMiddleware<Env>(async (c, next) => {
    const actor = currentActor();
    requireAnywhere(actor, permission);
    require(actor, permission, (await stores.of(c)).id, "store");
    await next();
  });
}
