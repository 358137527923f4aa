/** Keeps secrets that must be read again. What one vault sealed for an id, only the same key and id open. */
export interface Vault {
  seal(secret: string, id: string): Promise<Uint8Array>;
  /** Undefined where the key is another one by now. */
  open(sealed: Uint8Array, id: string): Promise<string | undefined>;
}

const NONCE = 12;
const bytes = (text: string) => new TextEncoder().encode(text);

/**
 * A vault (AES-GCM) whose key is derived (HKDF) for one purpose from the password of the service's own database login,
 * which is itself derived from DATABASE_ROLE_SECRET and which the database does not hold: a copy of the tables gives no
 * secret away, and no further setting is needed, in a container neither.
 */
export async function createVault({ DATABASE_URL }: { DATABASE_URL: string }, purpose: string): Promise<Vault> {
  const password = decodeURIComponent(new URL(DATABASE_URL).password);
  if (!password) throw new Error(`Cannot keep ${purpose} as DATABASE_URL must have a password to encrypt by.`);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: bytes("nano"), info: bytes(purpose) },
    await crypto.subtle.importKey("raw", bytes(password), "HKDF", false, ["deriveKey"]),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
  const algorithm = (iv: Uint8Array<ArrayBuffer>, id: string) => ({ name: "AES-GCM", iv, additionalData: bytes(id) });
  return {
    async seal(secret, id) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
      const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(nonce, id), key, bytes(secret)));
      const both = new Uint8Array(NONCE + sealed.length);
      both.set(nonce);
      both.set(sealed, NONCE);
      return both;
    },
    async open(sealed, id) {
      const both = new Uint8Array(sealed);
      try {
        const plain = await crypto.subtle.decrypt(algorithm(both.slice(0, NONCE), id), key, both.slice(NONCE));
        return new TextDecoder().decode(plain);
      } catch {
        return undefined;
      }
    },
  };
}
