import type { LoginRequest, Tokens } from "../../proto/gen/nano/user/v1/user.ts";
import type { Deps } from "./deps.ts";
import { invalidTotpAtLogin, totpRequired } from "./totp.ts";
import { newSession, tokensOf } from "./tokens.ts";
import { emailOrNone, invalidCredentials, normalisePassword } from "./user.ts";

/** Signs in. An unknown e-mail address costs the same work and gets the same answer as a wrong password. */
export async function logIn(
  { repository, passwords, signer, secondFactor }: Deps,
  request: LoginRequest,
): Promise<Tokens> {
  const known = await repository.findCredentials(emailOrNone(request.email));
  const right = await passwords.verify(normalisePassword(request.password), known?.password_hash);
  if (!known || !right) throw invalidCredentials();

  const { user, password_hash } = known;
  const proof = await secondFactor.prove(user.id, request.code);
  if (proof === "missing") throw totpRequired();
  if (proof === "wrong") throw invalidTotpAtLogin();
  const { session, refresh_token } = await newSession(request.client);
  const buys_in = user.role === "customer" && request.store_id ? request.store_id : undefined;
  const opened = await repository.openSession({ user_id: user.id, password_hash, ...session }, buys_in);
  // The password was changed while it was checked.
  if (!opened) throw invalidCredentials();
  return await tokensOf(signer, user, session.session_id, refresh_token);
}
