import { SignJWT } from "jose";
import type { Client } from "../../proto/gen/nano/user/v1/identity.ts";
import type { Tokens, User } from "../../proto/gen/nano/user/v1/user.ts";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import { keyId } from "../shared/signing_keys.ts";
import { clientFacts } from "./client_facts.ts";
import type { NewSession } from "./session_repository.ts";

/** A refresh token as the client gets it, and as it is stored. */
export interface RefreshToken {
  token: string;
  hash: string;
}

/** Signs access tokens: HS256 by the secret that `kid` names, for `JWT_EXPIRATION` seconds. */
export function createSigner(config: { JWT_SECRET: string; JWT_EXPIRATION: number }) {
  const secret = new TextEncoder().encode(config.JWT_SECRET);
  const kid = keyId(config.JWT_SECRET);
  return {
    expires_in: config.JWT_EXPIRATION,
    sign: (user_id: string, session_id: string): Promise<string> =>
      new SignJWT({ sid: session_id })
        .setProtectedHeader({ alg: "HS256", typ: "JWT", kid })
        .setIssuer("nano")
        .setAudience("nano")
        .setSubject(user_id)
        .setJti(newId())
        .setIssuedAt()
        .setExpirationTime(`${config.JWT_EXPIRATION} s`)
        .sign(secret),
  };
}

export type Signer = ReturnType<typeof createSigner>;

/** Makes a refresh token. */
export async function newRefreshToken(): Promise<RefreshToken> {
  const token = newToken();
  return { token, hash: await sha256(token) };
}

/** A session that begins, as it is kept, and the refresh token that its client gets. */
export async function newSession(client: Client | undefined): Promise<{ session: NewSession; refresh_token: string }> {
  const { token, hash } = await newRefreshToken();
  return { session: { session_id: newId(), refresh_hash: hash, client: clientFacts(client) }, refresh_token: token };
}

/** What a client gets who signs in or goes on. */
export async function tokensOf(signer: Signer, user: User, session_id: string, refresh_token: string): Promise<Tokens> {
  const access_token = await signer.sign(user.id, session_id);
  return { user, session_id, refresh_token, access_token, expires_in: signer.expires_in };
}
