/** How the console tells the gateway who asks: by a header that only holders of JWT_SECRET can write. */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** Beside X-Forwarded-For: the seconds since 1970 at which its text was signed, and the signature. */
export const PROOF_HEADER = "X-Forwarded-Proof";

/** For so long a proof is good: a request's way and the difference of two clocks. */
const GOOD_FOR_S = 60;

/** Signs an X-Forwarded-For, so that the gateway believes it wherever the console runs, and nobody else's. */
export function proveForwarded(secret: string, forwarded: string, now = Date.now()): string {
  const time = String(Math.floor(now / 1000));
  return `${time}.${signature(secret, time, forwarded)}`;
}

/** Whether an X-Forwarded-For is the console's. */
export function isProven(
  secret: string,
  forwarded: string | undefined,
  proof: string | undefined,
  now = Date.now(),
): boolean {
  if (!forwarded || !proof) return false;
  const [time = "", given = ""] = proof.split(".");
  if (!/^\d{1,12}$/.test(time) || Math.abs(now / 1000 - Number(time)) > GOOD_FOR_S) return false;
  const wanted = signature(secret, time, forwarded);
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

function signature(secret: string, time: string, forwarded: string): string {
  return createHmac("sha256", secret).update(`nano forwarded\n${time}\n${forwarded}`).digest("base64url");
}
