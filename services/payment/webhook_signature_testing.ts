/** For tests only: signs webhooks as a provider does. */
import { createHmac } from "node:crypto";

/** The header `t=<seconds>,v1=<hex>` that signs a body. */
export function signatureHeader(body: Uint8Array, secret: string, seconds = Math.floor(Date.now() / 1000)): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex")}`;
}
