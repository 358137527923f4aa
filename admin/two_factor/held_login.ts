import { seal, unseal } from "../seal.ts";
import type { Credentials } from "../types.ts";

const PURPOSE = "login";
const MINUTES = 5;

/** Seals the first step of signing in for the form of the second: only this console reads it, for five minutes. */
export function hold({ email, password }: Credentials): Promise<string> {
  return seal(PURPOSE, { email, password, until: Date.now() + MINUTES * 60_000 });
}

/** The first step; undefined if it is too long ago, or not sealed by us. */
export async function release(held: string): Promise<Credentials | undefined> {
  const value = await unseal(PURPOSE, held) as (Credentials & { until: number }) | undefined;
  return value && value.until > Date.now() ? { email: value.email, password: value.password } : undefined;
}
