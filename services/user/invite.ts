import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { Invitation } from "../../proto/gen/nano/user/v1/identity.ts";
import { require, requireStepUp, userId } from "../shared/auth.ts";
import { invalid, notFound } from "../shared/errors.ts";
import { isId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { mailOff } from "./mail_token.ts";
import { normaliseEmail } from "./user.ts";

export interface InviteInput {
  email: string;
  store_id: string;
  role: string;
}

/** Invites somebody to a store's staff by a link in a mail. Whether there is an account already makes no difference. */
export async function invite(
  { repository, mailer }: Deps,
  actor: Actor,
  { email, store_id, role }: InviteInput,
): Promise<Invitation> {
  const inviter_id = userId(actor);
  if (!isId(store_id)) throw notFound("store");
  require(actor, "user:write", store_id, "store");
  // To invite is to give a role.
  requireStepUp(actor);
  if (role !== "support" && role !== "manager") {
    throw invalid("invalid_role", "The role is one of support, manager.", "/role");
  }
  if (!mailer) throw mailOff();
  return await repository.insertInvitation({
    email: normaliseEmail(email),
    store_id: store_id.toLowerCase(),
    role,
    inviter_id,
  });
}
