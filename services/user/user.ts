import type { Actor, StoreRole } from "../../proto/gen/nano/common/v1/common.ts";
import type { User } from "../../proto/gen/nano/user/v1/user.ts";
import { isAdmin, may, storesWith } from "../shared/auth.ts";
import { conflict, forbidden, invalid, NanoError, notFound, unauthenticated } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import { COMMON_PASSWORDS } from "./common_passwords.ts";

export type { StoreRole, User };

/** A change of a user; what is absent stays. A null name takes it away. */
export interface UserChange {
  email?: string;
  name?: string | null;
  password?: string;
  role?: "customer" | "admin";
  store_roles?: StoreRole[];
}

const MIN_PASSWORD = 8;
const MAX_PASSWORD = 256;

// HTML's e-mail syntax with a dot in the domain. ASCII only: so there are no look-alikes, no direction marks, and
// one way to fold case. Domains of other scripts have their punycode.
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const EMAIL = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${LABEL}(?:\\.${LABEL})+$`);

/** The one spelling of an e-mail address. Throws `invalid_email`. */
export function normaliseEmail(email: string): string {
  const normal = email.trim().toLowerCase();
  if (normal.length > 254 || !EMAIL.test(normal)) {
    throw invalid("invalid_email", "This is not an e-mail address.", "/email");
  }
  return normal;
}

/** The same where what is no e-mail address is simply unknown: then it is "". */
export function emailOrNone(email: string): string {
  try {
    return normaliseEmail(email);
  } catch {
    return "";
  }
}

/** A name without spaces around it; null for none. Throws `invalid_name`. */
export function normaliseName(name: string | undefined): string | null {
  const normal = name?.trim() ?? "";
  if ([...normal].length > 200) throw invalid("invalid_name", "A name has at most 200 characters.", "/name");
  return normal === "" ? null : normal;
}

/** The one spelling of a password, as RFC 8265 has it: what different keyboards send for the same characters is the same. */
export function normalisePassword(password: string): string {
  return password.normalize("NFC");
}

/** Refuses passwords that are too short, common, or the e-mail address itself: `weak_password`; or over 256 characters. */
export function checkPassword(password: string, email: string): void {
  const length = [...password].length;
  const folded = password.toLowerCase();
  if (length < MIN_PASSWORD) throw weak(`A password has at least ${MIN_PASSWORD} characters.`);
  if (length > MAX_PASSWORD) {
    throw invalid("invalid_password", `A password has at most ${MAX_PASSWORD} characters.`, "/password");
  }
  if (COMMON_PASSWORDS.has(folded) || new Set(folded).size < 3) {
    throw weak("This password is among the first that are tried.");
  }
  if (folded === email || folded === email.split("@")[0]) throw weak("The password must not be the e-mail address.");
}

function weak(detail: string): NanoError {
  return invalid("weak_password", detail, "/password");
}

/** The stores whose people the actor may see; "all" for an admin or a service. */
export function visibleStores(actor: Actor): string[] | "all" {
  return storesWith(actor, "user:read");
}

/** A user as the actor may see it: a manager learns of roles in the manager's own stores only. */
export function viewOf(user: User, actor: Actor): User {
  const stores = visibleStores(actor);
  if (stores === "all" || actor.user_id === user.id) return user;
  return { ...user, store_roles: user.store_roles.filter((given) => stores.includes(given.store_id)) };
}

/**
 * Refuses what the actor may not change of a user that the actor sees: e-mail, name and password are the owner's or an
 * admin's; `role` is an admin's; store_roles are an admin's or, in their store, its manager's; nobody's own.
 */
export function checkChange(actor: Actor, user: User, change: UserChange): void {
  const own = actor.user_id === user.id;
  const personal = change.email !== undefined || change.name !== undefined || change.password !== undefined;
  if (personal && !own && !isAdmin(actor)) {
    throw forbidden("Only its owner or an admin changes a name, an e-mail address or a password.");
  }
  if (change.role === undefined && !change.store_roles) return;
  if (own) throw forbidden("Nobody changes the own role.");
  if (change.role !== undefined && !isAdmin(actor)) throw forbidden("Only an admin sets the role.");
  if (!change.store_roles || isAdmin(actor)) return;
  if (user.role === "admin") throw forbidden("Only an admin changes an admin.");
  for (const given of change.store_roles) {
    if (!may(actor, "user:write", given.store_id)) throw forbidden("A manager sets roles in the own store only.");
  }
}

/** Checks roles in stores that come in. Throws `invalid_store_roles`. */
export function checkStoreRoles(store_roles: StoreRole[]): StoreRole[] {
  const stores = new Set<string>();
  store_roles.forEach(({ store_id, role }, index) => {
    const at = `/store_roles/${index}`;
    if (!isId(store_id)) throw invalid("invalid_store_roles", "A store_id is a UUID.", `${at}/store_id`);
    if (role !== "support" && role !== "manager") {
      throw invalid("invalid_store_roles", "A role in a store is support or manager.", `${at}/role`);
    }
    if (stores.has(store_id.toLowerCase())) {
      throw invalid("invalid_store_roles", "A user has one role per store.", `${at}/store_id`);
    }
    stores.add(store_id.toLowerCase());
  });
  return store_roles.map(({ store_id, role }) => ({ store_id: store_id.toLowerCase(), role }));
}

/** The stores whose roles a change replaces: all for an admin, a manager's own. */
export function managedStores(actor: Actor): string[] | "all" {
  return storesWith(actor, "user:write");
}

/** Whether two sets of roles differ. */
export function differ(before: StoreRole[], after: StoreRole[]): boolean {
  const key = (roles: StoreRole[]) => roles.map(({ store_id, role }) => `${store_id}:${role}`).sort().join();
  return key(before) !== key(after);
}

/** The error of wrong credentials: the same for an unknown e-mail address and a wrong password. */
export function invalidCredentials(): NanoError {
  return unauthenticated("invalid_credentials", "E-mail address or password is wrong.");
}

/** The error where there is no user, or none that the actor may see. */
export function noUser(): NanoError {
  return notFound("user");
}

/** The error of an e-mail address that somebody has. */
export function emailTaken(): NanoError {
  return conflict("email_taken", "There is an account with this e-mail address.");
}

/** The error of a wrong present password: 403, as the token is good. */
export function wrongPassword(): NanoError {
  return new NanoError("forbidden", "wrong_password", "The present password is wrong.");
}

/** The error where an admin would be the last one to go. */
export function lastAdmin(): NanoError {
  return conflict("last_admin", "The last admin stays one.");
}
