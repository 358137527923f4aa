import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { UpdateUserResponse } from "../../proto/gen/nano/user/v1/user.ts";
import { requireStepUp } from "../shared/auth.ts";
import type { Deps } from "./deps.ts";
import type { Passwords } from "./passwords.ts";
import { presentPassword, provePassword } from "./prove_password.ts";
import {
  checkChange,
  checkPassword,
  managedStores,
  normalisePassword,
  noUser,
  type UserChange,
  viewOf,
} from "./user.ts";

export interface UpdateUserInput {
  id: string;
  change: UserChange;
  current_password?: string | undefined;
  /** Where it happens: the link to a new e-mail address leads there. */
  store_id?: string | undefined;
}

/** Changes a user for an actor. A new password or role ends sessions: whoever was in on the old terms is out. */
export async function updateUser(
  deps: Deps,
  actor: Actor,
  { id, change, current_password, store_id }: UpdateUserInput,
): Promise<UpdateUserResponse> {
  const { repository, passwords, mailer } = deps;
  const user = await repository.findUser(id, actor);
  if (!user) throw noUser();
  checkChange(actor, user, change);
  const own = actor.user_id === user.id;
  // Who sets another's password or e-mail address can be that other, with all roles.
  const takesOver = !own && (change.password !== undefined || change.email !== undefined);
  if (change.role !== undefined || change.store_roles || takesOver) requireStepUp(actor);

  const proof = own && (change.password !== undefined || (change.email !== undefined && change.email !== user.email))
    ? await provePassword(deps, user, presentPassword(current_password, "/current_password"))
    : undefined;
  const password_hash = change.password === undefined
    ? undefined
    : await newHash(passwords, change.password, change.email ?? user.email);
  const { password: _, ...rest } = change;
  const { user: changed, dead_session_ids } = await repository.updateUser({
    id: user.id,
    ...rest,
    ...(password_hash ? { password_hash } : {}),
    ...(proof ? { expected_hash: proof } : {}),
    stores: managedStores(actor),
    // The owner stays signed in here, and only here.
    spare_session_id: own ? actor.session_id : undefined,
    verify: mailer ? { store_id } : undefined,
  });
  return { user: viewOf(changed, actor), dead_session_ids };
}

async function newHash(passwords: Passwords, password: string, email: string): Promise<string> {
  const normal = normalisePassword(password);
  checkPassword(normal, email);
  return await passwords.hash(normal);
}
