import { sha256 } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { invalidLink, isMailToken, mailOff } from "./mail_token.ts";
import { checkPassword, emailOrNone, normalisePassword } from "./user.ts";

/** Has a link mailed that sets a new password; does the same work, and says the same, for an unknown address. */
export async function requestPasswordReset(
  { repository, mailer }: Pick<Deps, "repository" | "mailer">,
  request: { email: string; store_id: string },
): Promise<void> {
  if (!mailer) throw mailOff();
  const email = emailOrNone(request.email);
  if (email) await repository.askForReset(email, await sha256(email), request.store_id);
}

/** Sets a new password by a link's token, which a weak password does not spend. Gives the sessions that it ended. */
export async function resetPassword(
  { repository, passwords }: Pick<Deps, "repository" | "passwords">,
  request: { token: string; password: string },
): Promise<string[]> {
  const hash = await sha256(request.token);
  // Before the costly hash: a made-up token costs one look.
  const owner = isMailToken(request.token) ? await repository.findResetOwner(hash) : undefined;
  if (!owner) throw invalidLink();
  const password = normalisePassword(request.password);
  checkPassword(password, owner.email);
  const dead = await repository.resetPassword(hash, await passwords.hash(password));
  if (!dead) throw invalidLink();
  return dead;
}
