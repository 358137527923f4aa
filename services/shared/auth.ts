import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, currentContext } from "./context.ts";
import { forbidden, notFound, unauthenticated } from "./errors.ts";
import { type Permission, rolesWith } from "./permissions.ts";

export type { Actor };

/** Who asks. Outside of any request it is a stranger. */
export function currentActor(): Actor {
  return currentContext()?.actor ?? ANONYMOUS;
}

/** Whether the actor has a permission in a store. An admin has every one, a service too. */
export function may(actor: Actor, permission: Permission, store_id: string): boolean {
  if (actor.kind === "service" || isAdmin(actor)) return true;
  return actor.store_roles.some((given) => given.store_id === store_id && rolesWith(permission).includes(given.role));
}

/** Whether the actor has a permission in any store. */
export function mayAnywhere(actor: Actor, permission: Permission): boolean {
  if (actor.kind === "service" || isAdmin(actor)) return true;
  return actor.store_roles.some((given) => rolesWith(permission).includes(given.role));
}

/** Whether the actor is an admin of the platform. */
export function isAdmin(actor: Actor): boolean {
  return actor.kind === "user" && actor.role === "admin";
}

/** The signed-in user's id. Throws `unauthenticated`. */
export function userId(actor: Actor): string {
  if (!actor.user_id) throw unauthenticated();
  return actor.user_id;
}

/**
 * Refuses whoever lacks a permission in the store of an object, as the contract orders it: a stranger 401, a role
 * that never may 403, staff of another store 404 as if the object (`what`) were not there.
 */
export function require(actor: Actor, permission: Permission, store_id: string, what: string): void {
  if (may(actor, permission, store_id)) return;
  if (actor.kind !== "user") throw unauthenticated();
  throw mayAnywhere(actor, permission) ? notFound(what) : forbidden();
}

/** Refuses every caller but a service of the platform. */
export function requireService(actor: Actor): void {
  if (actor.kind !== "service") throw forbidden();
}

/** Whether an object that belongs to a user or a guest belongs to the actor. */
export function owns(
  actor: Actor,
  object: { user_id?: string | null | undefined; guest_hash?: string | null | undefined },
): boolean {
  if (object.user_id) return actor.user_id === object.user_id;
  return !!object.guest_hash && actor.guest_hash === object.guest_hash;
}
