import type { LoginRequest, Tokens } from "../../proto/gen/nano/user/v1/user.ts";
import { newId } from "../shared/ids.ts";
import { clientFacts } from "./client.ts";
import type { Deps } from "./deps.ts";
import { invalidTotpAtLogin, totpRequired } from "./totp.ts";
import { newRefreshToken } from "./tokens.ts";
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
  const [session_id, refresh] = [newId(), await newRefreshToken()];
  const buys_in = user.role === "customer" && request.store_id ? request.store_id : undefined;
  const opened = await repository.openSession({
    user_id: user.id,
    password_hash,
    session_id,
    refresh_hash: refresh.hash,
    client: clientFacts(request.client),
  }, buys_in);
  // The password was changed while it was checked.
  if (!opened) throw invalidCredentials();
  return {
    user,
    session_id,
    refresh_token: refresh.token,
    access_token: await signer.sign(user.id, session_id),
    expires_in: signer.expires_in,
  };
}
