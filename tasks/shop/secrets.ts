import { join } from "node:path";
import { z } from "zod";

const secretsSchema = z.object({
  JWT_SECRET: z.string(),
  DATABASE_ROLE_SECRET: z.string(),
  ADMIN_PASSWORD: z.string(),
  /** Of the embedded servers' owner logins. */
  SERVER_PASSWORD: z.string(),
});

/** Development's secrets by name. */
export type Secrets = z.infer<typeof secretsSchema>;

/** Development's secrets: random, made once, kept in `<DATA_DIR>/secrets.json` that only its owner can read. */
export function developmentSecrets(dataDir: string): Secrets {
  const path = join(dataDir, "secrets.json");
  try {
    return secretsSchema.parse(JSON.parse(Deno.readTextFileSync(path)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const secrets = {
    JWT_SECRET: randomText(48),
    DATABASE_ROLE_SECRET: randomText(48),
    ADMIN_PASSWORD: randomText(12),
    SERVER_PASSWORD: randomText(24),
  };
  Deno.writeTextFileSync(path, JSON.stringify(secrets, null, 2) + "\n", { mode: 0o600, createNew: true });
  return secrets;
}

/** Random text that is safe in URLs, shells and configuration files. */
export function randomText(length: number): string {
  const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
  // 224 is the largest multiple of 56 in a byte: what is above would favour the first letters.
  const letters: string[] = [];
  while (letters.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < 224 && letters.length < length) letters.push(alphabet.charAt(byte % alphabet.length));
    }
  }
  return letters.join("");
}
