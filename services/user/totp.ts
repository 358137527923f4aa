import { Secret, TOTP } from "otpauth";
import { conflict, forbidden, NanoError, unauthenticated } from "../shared/errors.ts";

const PERIOD_S = 30;
const RECOVERY_CODES = 10;
/** Steps that a clock may be off, both ways. */
const WINDOW = 1;

/** For how long signing in is proof enough to set up a second factor. */
export const SIGN_IN_MINUTES = 10;
/** How long a confirmation of a session holds. */
export const STEP_UP_MINUTES = 5;

/** A new secret of 160 random bits in base32, as RFC 4226 recommends. */
export function newSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** The secret as an authenticator app takes it. */
export function uriOf(secret: string, email: string): string {
  return otp(secret, email).toString();
}

/** The step whose code this is, at most one from now; undefined for a wrong code. */
export function stepOf(secret: string, code: string, now = Date.now()): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = otp(secret, "").validate({ token: code, timestamp: now, window: WINDOW });
  return delta === null ? undefined : Math.floor(now / 1000 / PERIOD_S) + delta;
}

/** Ten recovery codes of 80 random bits: `xxxx-xxxx-xxxx-xxxx` in base32. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    return (new Secret({ size: 10 }).base32.toLowerCase().match(/.{4}/g) ?? []).join("-");
  });
}

/** A code as people type it, without what separates its groups. */
export function normaliseCode(code: string): string {
  return code.replaceAll(/[\s-]/g, "").toLowerCase();
}

/** Whether a normalised code has the form of a recovery code. */
export function isRecoveryCode(code: string): boolean {
  return /^[a-z2-7]{16}$/.test(code);
}

/** Signing in needs a code, too. */
export function totpRequired(): NanoError {
  return unauthenticated("totp_required", "Signing in needs the code of the second factor, too.");
}

/** The code is wrong, was used, or has expired: 401 while signing in. */
export function invalidTotpAtLogin(): NanoError {
  return unauthenticated("invalid_totp", "The code is wrong, or was used before.");
}

/** The same from who is signed in: 403, as the token is good. */
export function invalidTotp(): NanoError {
  return new NanoError("forbidden", "invalid_totp", "The code is wrong, or was used before.");
}

/** There is a second factor already. */
export function totpEnabled(): NanoError {
  return conflict("totp_enabled", "There is a second factor. Turn it off first.");
}

/** There is no second factor. */
export function totpDisabled(): NanoError {
  return conflict("totp_disabled", "There is no second factor.");
}

/** Second factors are for staff. */
export function staffOnly(): NanoError {
  return forbidden("Second factors are for staff.");
}

function otp(secret: string, label: string): TOTP {
  return new TOTP({ issuer: "Nano", label, secret: Secret.fromBase32(secret), digits: 6, period: PERIOD_S });
}
