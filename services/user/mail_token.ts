import { conflict, invalid, NanoError } from "../shared/errors.ts";

/** What a link in a mail does, once. */
export type Purpose = "reset" | "verify" | "invite";

/** How long a link of each kind works. */
export const LIFE: Readonly<Record<Purpose, string>> = { reset: "1 hour", verify: "3 days", invite: "7 days" };

/** How many mails of a kind anybody is sent in an hour, whoever asks and from wherever. */
export const MAX_MAILS_PER_HOUR = 5;

/** How many invitations a store may have open. */
export const MAX_INVITATIONS = 100;

const TOKEN = /^[\w-]{43}$/;

/** Whether a text may be a token at all. */
export function isMailToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The error of a link that was never sent, was used, was replaced, or has expired: which of these is nobody's to know. */
export function invalidLink(): NanoError {
  return invalid("invalid_link", "The link is not valid, was used already, or has expired.", "/token");
}

/** The error where the shop can't send mail. */
export function mailOff(): NanoError {
  return conflict("mail_off", "The shop sends no mail.");
}

/** The error where somebody was sent as many mails as anybody is: 429. */
export function tooManyMails(): NanoError {
  return new NanoError("too_many", "too_many_requests", "Too many mails were sent there. Try again in an hour.", {
    retry_after: 3600,
  });
}
