import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import { isAdmin, may, requireStepUp } from "../shared/auth.ts";
import { forbidden, invalid } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import {
  checkPassword,
  emailTaken,
  normaliseEmail,
  normaliseName,
  normalisePassword,
  type StoreRole,
  type User,
  viewOf,
} from "./user.ts";

export interface NewStaff {
  email: string;
  password: string;
  name?: string | undefined;
  store_roles: StoreRole[];
}

/** Creates an account for somebody else: an admin whatever, a manager staff of the own stores. Nobody is signed in. */
export async function createUser(
  { repository, passwords }: Deps,
  actor: Actor,
  { store_roles, ...given }: NewStaff,
): Promise<User> {
  if (!isAdmin(actor)) {
    if (store_roles.length === 0) {
      throw invalid("required", "A manager creates staff: a role in the own store is needed.", "/store_roles");
    }
    if (!store_roles.every((role) => may(actor, "user:write", role.store_id))) {
      throw forbidden("A manager sets roles in the own store only.");
    }
  }
  if (store_roles.length > 0) requireStepUp(actor);
  const email = normaliseEmail(given.email);
  const password = normalisePassword(given.password);
  const name = normaliseName(given.name);
  checkPassword(password, email);
  // Before the costly hash; the unique index decides.
  if (await repository.findCredentials(email)) throw emailTaken();
  const user = { id: newId(), email, name, password_hash: await passwords.hash(password) };
  return viewOf(await repository.insertStaff(user, store_roles), actor);
}
