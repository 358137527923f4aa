import type { Actor } from "../../proto/gen/nano/common/v1/common.ts";
import type { Client } from "../../proto/gen/nano/user/v1/identity.ts";
import type { AcceptInvitationResponse } from "../../proto/gen/nano/user/v1/user.ts";
import { conflict, invalid, NanoError } from "../shared/errors.ts";
import { newId, sha256 } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import type { Offer } from "./invitation_repository.ts";
import { invalidLink, isMailToken } from "./mail_token.ts";
import type { Repository } from "./repository.ts";
import { newSession, tokensOf } from "./tokens.ts";
import { checkPassword, normaliseName, normalisePassword } from "./user.ts";

export interface AcceptInput {
  token: string;
  name?: string | undefined;
  password?: string | undefined;
  client?: Client | undefined;
}

/** The open invitation of a token. Throws `invalid_link`. */
export async function findOffer(repository: Repository, token: string): Promise<Offer & { hash: string }> {
  const hash = await sha256(token);
  const offer = isMailToken(token) ? await repository.findInvitation(hash) : undefined;
  if (!offer) throw invalidLink();
  return { ...offer, hash };
}

/**
 * Accepts an invitation: as the account that is signed in, if it has the invited e-mail address, or with a new account,
 * which is then signed in. An account that exists is never signed in by a link.
 */
export async function acceptInvitation(
  deps: Deps,
  actor: Actor,
  input: AcceptInput,
): Promise<AcceptInvitationResponse> {
  const offer = await findOffer(deps.repository, input.token);
  return actor.user_id ? await asAccount(deps, actor, actor.user_id, offer) : await asNew(deps, offer, input);
}

async function asAccount({ repository }: Deps, actor: Actor, user_id: string, offer: Offer & { hash: string }) {
  if (offer.user_id !== user_id) {
    throw new NanoError("forbidden", "other_account", "The invitation is for another e-mail address.");
  }
  const accepted = await repository.acceptAs(user_id, offer.hash, actor.session_id);
  if (!accepted) throw invalidLink();
  return accepted;
}

async function asNew(
  { repository, passwords, signer }: Deps,
  offer: Offer & { hash: string },
  input: AcceptInput,
) {
  if (offer.user_id) {
    throw conflict("account_exists", "There is an account with this e-mail address: sign in to accept.");
  }
  if (input.password === undefined) throw invalid("required", "A new account needs a password.", "/password");
  const { email } = offer;
  const password = normalisePassword(input.password);
  const name = normaliseName(input.name);
  checkPassword(password, email);
  const password_hash = await passwords.hash(password);
  const { session, refresh_token } = await newSession(input.client);
  const user = await repository.acceptNew({ id: newId(), email, name, password_hash }, offer.hash, session);
  if (!user) throw invalidLink();
  const tokens = await tokensOf(signer, user, session.session_id, refresh_token);
  return { tokens, user, dead_session_ids: [] };
}
