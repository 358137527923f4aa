import { SignJWT } from "jose";
import { newId, newToken, sha256 } from "../shared/ids.ts";
import { keyId } from "../shared/signing_keys.ts";

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
