import type { ApiKey } from "../../proto/gen/nano/user/v1/user.ts";
import { type Actor, may } from "../shared/auth.ts";
import { forbidden, invalid, notFound } from "../shared/errors.ts";
import { newToken, sha256 } from "../shared/ids.ts";
import { KEY_SCOPES, type Permission } from "../shared/permissions.ts";

export type { ApiKey };

/** How a key of each kind begins, so that people and scanners for leaked secrets know it. */
const PREFIXES = { publishable: "nano_pk_", secret: "nano_sk_" } as const;

export type KeyKind = keyof typeof PREFIXES;

/** A new key: the key itself, of which only the rest is kept. */
export interface NewKey {
  key: string;
  hash: string;
  prefix: string;
  last4: string;
}

/** Makes a key of 256 random bits. */
export async function newKey(kind: KeyKind): Promise<NewKey> {
  const prefix = PREFIXES[kind];
  const key = prefix + newToken();
  return { key, hash: await sha256(key), prefix, last4: key.slice(-4) };
}

/** Checks a kind that comes in. Throws `invalid_kind`. */
export function checkKind(kind: string): KeyKind {
  if (kind === "publishable" || kind === "secret") return kind;
  throw invalid("invalid_kind", "A key is publishable or secret.", "/kind");
}

/**
 * Checks the scopes of a new key: for a secret one at least one, of those that keys may have; a publishable one has
 * none. Throws `invalid_scopes`, and `forbidden` for a permission that the actor does not have in the store.
 */
export function checkScopes(kind: KeyKind, scopes: string[], actor: Actor, store_id: string): Permission[] {
  if (kind === "publishable") {
    if (scopes.length > 0) throw invalid("invalid_scopes", "A publishable key has no scopes.", "/scopes");
    return [];
  }
  if (scopes.length === 0) throw invalid("invalid_scopes", "A secret key needs a scope.", "/scopes");
  const known = KEY_SCOPES.filter((name) => scopes.includes(name));
  const strange = scopes.findIndex((scope) => !known.some((name) => name === scope));
  if (strange >= 0) {
    throw invalid("invalid_scopes", `A scope is one of ${KEY_SCOPES.join(", ")}.`, `/scopes/${strange}`);
  }
  if (!known.every((name) => may(actor, name, store_id))) {
    throw forbidden("A key may not do more than who makes it.");
  }
  return known;
}

/** Checks a key's name. Throws `invalid_name`. */
export function checkKeyName(name: string): string {
  const normal = name.trim();
  if (normal === "" || [...normal].length > 200) {
    throw invalid("invalid_name", "A name has 1 to 200 characters.", "/name");
  }
  return normal;
}

/** The error where there is no key, or none that the actor may see. */
export function noKey() {
  return notFound("api_key");
}
