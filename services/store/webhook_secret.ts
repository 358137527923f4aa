import { Webhook } from "standardwebhooks";
import { createVault, type Vault } from "../shared/vault.ts";

/** The vault of webhooks' secrets. */
export function createWebhookVault(config: { DATABASE_URL: string }): Promise<Vault> {
  return createVault(config, "webhook secrets");
}

/** A new secret as Standard Webhooks writes it: 256 random bits. */
export function newSecret(): string {
  return `whsec_${crypto.getRandomValues(new Uint8Array(32)).toBase64()}`;
}

/** The headers of a request by Standard Webhooks 1.0, with a signature by each secret. */
export function signedHeaders(secrets: string[], id: string, time: Date, body: string): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": "Nano-Webhooks/1.0",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(time.getTime() / 1000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, time, body)).join(" "),
  };
}
