import type { Client } from "../../proto/gen/nano/user/v1/identity.ts";
import type { Tokens } from "../../proto/gen/nano/user/v1/user.ts";
import { NanoError, unauthenticated } from "../shared/errors.ts";
import { sha256 } from "../shared/ids.ts";
import { clientFacts } from "./client_facts.ts";
import type { Deps } from "./deps.ts";
import { newRefreshToken, tokensOf } from "./tokens.ts";

/** What is known of a refresh token that is shown. */
export interface ShownToken {
  session_alive: boolean;
  expired: boolean;
  spent: boolean;
  /** Spent so short ago that two tabs may have raced. */
  just_spent: boolean;
  /** Whether a token that it was spent for was itself spent. */
  successor_used: boolean;
}

export type Verdict = "renew" | "invalid" | "reused";

/** How long after a token was spent another tab may show it, too. */
export const REUSE_SECONDS = 10;

/**
 * Decides on a refresh token. One that was spent is a stolen one, or its thief's: the family dies; but within 10 s,
 * and as long as nobody has gone on from there, it is another tab that raced.
 */
export function judge(token: ShownToken | undefined): Verdict {
  if (!token) return "invalid";
  if (token.spent && !(token.just_spent && !token.successor_used)) return "reused";
  return token.session_alive && !token.expired ? "renew" : "invalid";
}

/** Spends a refresh token for a new pair of tokens. */
export async function refresh(
  { repository, signer }: Pick<Deps, "repository" | "signer">,
  refresh_token: string,
  client?: Client,
): Promise<Tokens> {
  const next = await newRefreshToken();
  const { verdict, user, session_id } = await repository.spendToken(
    await sha256(refresh_token),
    next.hash,
    clientFacts(client),
    judge,
  );
  if (verdict === "reused") throw tokenReused(session_id);
  if (verdict === "invalid" || !user || !session_id) {
    throw unauthenticated("invalid_token", "The refresh token is not valid, or its session has ended.");
  }
  return await tokensOf(signer, user, session_id, next.token);
}

/** The error of a token that was used before. It names the session that died, for the gateway alone. */
function tokenReused(session_id: string | undefined): NanoError {
  const detail = "This refresh token was used before. Sign in again.";
  return new NanoError("unauthenticated", "token_reused", detail, session_id ? { members: { session_id } } : {});
}
