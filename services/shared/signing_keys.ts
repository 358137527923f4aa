import { createHash } from "node:crypto";

/** The name of a signing secret in a token's header (`kid`): a short digest, of no use to find the secret by. */
export function keyId(secret: string): string {
  return createHash("sha256").update(`nano signing key ${secret}`).digest("base64url").slice(0, 8);
}

/** The secrets to try on a token: the one that its `kid` names, or all where it names none that we have. */
export function candidates(secrets: readonly string[], kid: unknown): string[] {
  const named = secrets.filter((secret) => keyId(secret) === kid);
  return named.length > 0 ? named : [...secrets];
}
