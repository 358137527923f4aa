import type { RegisterRequest, Tokens } from "../../proto/gen/nano/user/v1/user.ts";
import { newId } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { newSession, tokensOf } from "./tokens.ts";
import { checkPassword, emailTaken, normaliseEmail, normaliseName, normalisePassword } from "./user.ts";

/** Registers a customer, tells the store, and signs in. */
export async function register(
  { repository, passwords, signer, mailer }: Deps,
  request: RegisterRequest,
): Promise<Tokens> {
  const email = normaliseEmail(request.email);
  const password = normalisePassword(request.password);
  const name = normaliseName(request.name);
  checkPassword(password, email);
  // Before the costly hash; the unique index decides.
  if (await repository.findCredentials(email)) throw emailTaken();

  const password_hash = await passwords.hash(password);
  const { session, refresh_token } = await newSession(request.client);
  const user = await repository.register(
    { id: newId(), email, name, password_hash },
    session,
    request.store_id || undefined,
    mailer !== undefined,
  );
  return await tokensOf(signer, user, session.session_id, refresh_token);
}
