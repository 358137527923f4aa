import { conflict } from "../shared/errors.ts";
import { sha256 } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { invalidLink, isMailToken, mailOff, tooManyMails } from "./mail_token.ts";

/** Proves an e-mail address by a link's token; gives whose. Nobody needs to be signed in: who has the link got the mail. */
export async function verifyEmail({ repository }: Pick<Deps, "repository">, token: string): Promise<string> {
  const user_id = isMailToken(token) ? await repository.verifyEmail(await sha256(token)) : undefined;
  if (!user_id) throw invalidLink();
  return user_id;
}

/** Has another link mailed to the user; the one before ends. */
export async function resendVerification(
  { repository, mailer }: Pick<Deps, "repository" | "mailer">,
  user_id: string,
  store_id: string | undefined,
): Promise<void> {
  if (!mailer) throw mailOff();
  const outcome = await repository.insertVerifyToken(user_id, store_id);
  if (outcome === "verified") throw conflict("already_verified", "The e-mail address is verified already.");
  if (outcome === "too_many") throw tooManyMails();
}
