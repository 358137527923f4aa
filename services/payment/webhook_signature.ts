import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { BadWebhook } from "./providers/provider.ts";

/** How far a webhook's time may be from ours, either way, in seconds. */
export const TOLERANCE_S = 300;

const MAX_SIGNATURES = 10;

/**
 * Checks a signature header `t=<seconds>,v1=<hex>[,v1=…]` over the raw body, as Stripe makes it: HMAC-SHA256 of
 * `<t>.<body>`. Several v1 are those of a secret being changed. Throws BadWebhook if none fits or the time is off.
 */
export function verifySignature(
  header: string | undefined,
  body: Uint8Array,
  secret: string,
  now = Date.now(),
): void {
  const parts = (header ?? "").split(",").map((part) => part.trim().split("="));
  const time = parts.find(([name]) => name === "t")?.[1] ?? "";
  const signatures = parts.filter(([name]) => name === "v1").map(([, value]) => value ?? "").slice(0, MAX_SIGNATURES);
  if (!/^\d{1,12}$/.test(time)) throw new BadWebhook("The signature has no time.");
  const expected = mac(time, body, secret);
  // Each is compared in full, so that the time taken tells nothing.
  const fits = signatures.filter((signature) => equal(signature, expected)).length > 0;
  if (!fits) throw new BadWebhook("No signature fits.");
  if (Math.abs(now / 1000 - Number(time)) > TOLERANCE_S) throw new BadWebhook("The webhook is stale.");
}

/** The object that a body holds. Throws BadWebhook for anything else. */
export function readJson(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new BadWebhook("The body is no JSON object.");
}

function mac(time: string, body: Uint8Array, secret: string): Buffer {
  return createHmac("sha256", secret).update(`${time}.`).update(body).digest();
}

function equal(hex: string, expected: Buffer): boolean {
  const given = /^[0-9a-f]{64}$/i.test(hex) ? Buffer.from(hex, "hex") : Buffer.alloc(expected.length);
  return timingSafeEqual(given, expected);
}
