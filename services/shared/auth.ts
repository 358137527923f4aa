import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { ANONYMOUS, currentContext } from "./context.ts";
import { forbidden, NanoError, notFound, unauthenticated } from "./errors.ts";
import { exponentOf, type Money } from "./money.ts";
import { type Permission, rolesWith } from "./permissions.ts";

export type { Actor };

/** Who asks. Outside of any request it is a stranger. */
export function currentActor(): Actor {
  return currentContext()?.actor ?? ANONYMOUS;
}

/** The stores in which the actor has a permission: "all" for an admin and a service, a key's own by its scopes. */
export function storesWith(actor: Actor, permission: Permission): string[] | "all" {
  if (actor.kind === "service" || isAdmin(actor)) return "all";
  if (actor.kind === "api_key") return actor.api_key?.scopes.includes(permission) ? [actor.api_key.store_id] : [];
  const given = rolesWith(permission);
  return actor.store_roles.filter(({ role }) => given.includes(role)).map(({ store_id }) => store_id);
}

/** Whether the actor has a permission in a store. */
export function may(actor: Actor, permission: Permission, store_id: string): boolean {
  const stores = storesWith(actor, permission);
  return stores === "all" || stores.includes(store_id);
}

/** Whether the actor has a permission in any store. */
export function mayAnywhere(actor: Actor, permission: Permission): boolean {
  const stores = storesWith(actor, permission);
  return stores === "all" || stores.length > 0;
}

/** Whether the actor is an admin of the platform. */
export function isAdmin(actor: Actor): boolean {
  return actor.kind === "user" && actor.role === "admin";
}

/** Whether the actor works for the shop: an admin, or a person with a role in some store. */
export function isStaff(actor: Actor): boolean {
  return isAdmin(actor) || (actor.kind === "user" && actor.store_roles.length > 0);
}

/** The same, or one of the machines that staff gave a key: who sees what buyers don't. */
export function isStaffOrKey(actor: Actor): boolean {
  return actor.api_key !== undefined || isStaff(actor);
}

/** The signed-in user's id. Throws `unauthenticated`, and to a key, which is nobody, `forbidden`. */
export function userId(actor: Actor): string {
  if (actor.kind === "api_key") throw forbidden("This is for people, not for API keys.");
  if (!actor.user_id) throw unauthenticated();
  return actor.user_id;
}

/** Refuses strangers and guests: 401. */
export function requireIdentity(actor: Actor): void {
  if (actor.kind !== "user" && actor.kind !== "api_key" && actor.kind !== "service") throw unauthenticated();
}

/** Refuses a user with a second factor who has not lately confirmed to be there: `step_up_required`. */
export function requireStepUp(actor: Actor): void {
  if (actor.step_up) throw stepUpRequired();
}

/** The same, where more money goes back than the platform lets an unconfirmed session give. */
export function requireStepUpOver(actor: Actor, money: Money): void {
  if (actor.step_up) checkStepUp(money, actor.step_up_refund_over ?? 0);
}

/** Refuses to give back over so many major units to who must confirm to be there first. Throws `step_up_required`. */
export function checkStepUp({ amount, currency }: Money, over: number): void {
  if (amount > over * 10 ** exponentOf(currency)) throw stepUpRequired();
}

/** The refusal of what needs a confirmed session: 403. */
export function stepUpRequired(): NanoError {
  const detail = "Confirm that it is you first: POST /auth/step-up with a code or the password.";
  return new NanoError("forbidden", "step_up_required", detail);
}

/** Who acts, as the audit log names it: "user:<id>", "api_key:<id>", or else the kind. */
export function actorName(actor: Actor): string {
  if (actor.api_key) return `api_key:${actor.api_key.id}`;
  return actor.user_id ? `user:${actor.user_id}` : actor.kind;
}

/**
 * Refuses whoever lacks a permission in the store of an object, as the contract orders it: a stranger 401, a role
 * that never may 403, staff of another store 404 as if the object (`what`) were not there.
 */
export function require(actor: Actor, permission: Permission, store_id: string, what: string): void {
  if (may(actor, permission, store_id)) return;
  requireIdentity(actor);
  throw mayAnywhere(actor, permission) ? notFound(what) : forbidden();
}

/** Refuses whoever has a permission in no store: a stranger 401, another role 403. */
export function requireAnywhere(actor: Actor, permission: Permission): void {
  requireIdentity(actor);
  if (!mayAnywhere(actor, permission)) throw forbidden();
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
