import { settings } from "./settings.ts";

const IV_BYTES = 12;
const keys = new Map<string, Promise<CryptoKey>>();

/** Encrypts a value for the browser to keep: nobody else reads or changes it. Each purpose has its own key. */
export async function seal(purpose: string, value: unknown): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv },
    await keyFor(purpose, settings().JWT_SECRET),
    plain,
  );
  return new Uint8Array([...iv, ...new Uint8Array(sealed)]).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What was sealed for the purpose, by this secret or the one before; undefined for any other text. */
export async function unseal(purpose: string, text: string): Promise<unknown> {
  const { JWT_SECRET, JWT_SECRET_PREVIOUS } = settings();
  return await open(purpose, text, JWT_SECRET) ??
    (JWT_SECRET_PREVIOUS ? await open(purpose, text, JWT_SECRET_PREVIOUS) : undefined);
}

async function open(purpose: string, text: string, secret: string): Promise<unknown> {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    const iv = bytes.slice(0, IV_BYTES);
    const key = await keyFor(purpose, secret);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes.slice(IV_BYTES));
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return undefined;
  }
}

/** HKDF of JWT_SECRET: one secret for all replicas, of no use to who finds the cookie's key. */
function keyFor(purpose: string, secret: string): Promise<CryptoKey> {
  const name = `${purpose} ${secret}`;
  const known = keys.get(name);
  if (known) return known;
  const made = derive(`nano admin ${purpose}`, secret);
  keys.set(name, made);
  return made;
}

async function derive(info: string, from: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const secret = await crypto.subtle.importKey("raw", encoder.encode(from), "HKDF", false, ["deriveKey"]);
  return await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(info) },
    secret,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
