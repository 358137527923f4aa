import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { PROCESSES, speaksGrpc } from "../processes.ts";
import { Refusal } from "../shop/refusal.ts";
import { type Authority, createAuthority, openAuthority, writeCredentials } from "./authority.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NAMES = PROCESSES.filter(speaksGrpc).map(({ name }) => name);

/**
 * Makes a certificate for every process under `<folder>/<name>/`, signed by the development CA in the folder, which is
 * made the first time. Running processes take the new ones by themselves.
 */
export async function makeCertificates(folder: string, days = 365): Promise<string[]> {
  const authority = await authorityIn(folder);
  for (const name of NAMES) {
    await writeCredentials(join(folder, name), authority, await authority.issue(name, days * DAY_MS));
  }
  return NAMES;
}

/** Sees to it that every process has a certificate: in development by making what is missing or ends within a day. */
export async function ensureCertificates(folder: string, environment: string, say: (line: string) => void) {
  const ends = await Promise.all(NAMES.map((name) => endOf(join(folder, name, "tls.crt"))));
  const missing = NAMES.filter((_, index) => (ends[index] ?? 0) < Date.now() + DAY_MS);
  if (!missing.length) return;
  if (environment === "production" && missing.some((name) => (ends[NAMES.indexOf(name)] ?? 0) < Date.now())) {
    throw new Refusal(
      `Cannot start in production as TLS_DIR has no valid certificate for ${
        missing.join(", ")
      }: ${folder}/<name>/tls.crt.`,
    );
  }
  if (environment === "production") return say(`certificates end within a day: ${missing.join(", ")}`);
  say(`making certificates in ${folder}`);
  await makeCertificates(folder);
}

async function authorityIn(folder: string): Promise<Authority> {
  const [certificatePath, keyPath] = [join(folder, "ca.crt"), join(folder, "ca.key")];
  if (await endOf(certificatePath) > Date.now() + 366 * DAY_MS) {
    const [certificate, key] = await Promise.all([certificatePath, keyPath].map((path) => Deno.readTextFile(path)));
    if (certificate && key) return await openAuthority({ certificate, key });
  }
  const made = await createAuthority();
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(keyPath, made.key, { mode: 0o600 });
  await Deno.writeTextFile(certificatePath, made.certificate);
  return made;
}

/** When a certificate ends, in milliseconds since the epoch; 0 where there is none. */
async function endOf(path: string): Promise<number> {
  try {
    return Date.parse(new X509Certificate(await Deno.readTextFile(path)).validTo);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
