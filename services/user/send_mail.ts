import { unlessMissing } from "../shared/errors.ts";
import { newToken, sha256 } from "../shared/ids.ts";
import type { Deps } from "./deps.ts";
import { composeMail } from "./mail_texts.ts";
import type { MailFacts } from "./mail_token_repository.ts";

/** The page that a link of each kind opens, at the console or the storefront. */
const PAGES = { reset: "/reset-password", verify: "/verify-email", invite: "/invitation" };

/**
 * Sends a token's mail. The token is made only now, and nothing but its hash is stored: an attempt that failed leaves a
 * link that works no more, once the next one sent another.
 */
export async function sendMail(
  { config, repository, mailer, neighbours: { store } }: Pick<Deps, "config" | "repository" | "mailer" | "neighbours">,
  id: string,
): Promise<void> {
  // Turned off since: what is still to be sent waits for the next attempts.
  if (!mailer) throw new Error("Cannot send a mail as SMTP_URL is not set.");
  const token = newToken();
  const facts = await repository.armMailToken(id, await sha256(token));
  // Spent, replaced, taken back, or expired: there is nothing to be said.
  if (!facts) return;
  // A store that is gone has no name to give.
  const shop = facts.store_id ? await unlessMissing(store.getStore({ id_or_slug: facts.store_id })) : undefined;
  const { purpose, email: to, role, inviter } = facts;
  const link = `${baseOf(config, facts, shop?.slug)}${PAGES[purpose]}?token=${token}`;
  await mailer.send(composeMail({ purpose, to, role, inviter, link, store: shop?.name ?? "Nano" }));
  await repository.noteSent(id);
}

/** From the settings alone, never from what a request said. Staff use the console; customers the storefront, if any. */
function baseOf(
  config: Deps["config"],
  { purpose, staff }: MailFacts,
  slug: string | undefined,
): string {
  const forStaff = purpose === "invite" || staff;
  const storefront = slug && config.STOREFRONT_URL?.replaceAll("{store}", slug);
  return ((!forStaff && storefront) || config.ADMIN_URL || "http://localhost:8080").replace(/\/+$/, "");
}
