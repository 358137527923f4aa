// @peculiar/x509 needs it, loaded first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { join } from "node:path";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
/** What clocks of two machines may differ by. */
const SKEW_MS = 5 * 60 * 1000;

/** A key pair with its certificate, as PEM. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
}

/** Who may sign the certificates of a shop's processes. */
export interface Authority extends Credentials {
  /** Makes a certificate for a process, valid from now for so long (below 0: it has expired), perhaps with more names. */
  issue(name: string, milliseconds?: number, aliases?: string[]): Promise<Credentials>;
}

const ISSUER = "CN=Nano development CA";

/** Makes a development CA. */
export async function createAuthority(days = 3650): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: ISSUER,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - SKEW_MS),
    notAfter: new Date(Date.now() + days * DAY_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf(keys, certificate);
}

/** Takes up a CA that was made before, by its PEM texts. */
export async function openAuthority({ certificate, key }: Credentials): Promise<Authority> {
  const pkcs8 = x509.PemConverter.decodeFirst(key);
  const issued = new x509.X509Certificate(certificate);
  const keys = {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, true, ["sign"]),
    publicKey: await issued.publicKey.export(ALGORITHM, ["verify"]),
  };
  return authorityOf(keys, issued);
}

async function authorityOf(keys: CryptoKeyPair, certificate: x509.X509Certificate): Promise<Authority> {
  async function issue(process: string, milliseconds = 365 * DAY_MS, aliases: string[] = []): Promise<Credentials> {
    const own = await newKeys();
    const notAfter = new Date(Date.now() + milliseconds);
    const issued = await x509.X509CertificateGenerator.create({
      subject: `CN=${process}`,
      issuer: ISSUER,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - SKEW_MS),
      notAfter,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension(
          [process, `${process}.nano-ecommerce.svc`, ...aliases].map((value) => ({ type: "dns" as const, value })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
      ],
    });
    return { certificate: issued.toString("pem") + "\n", key: await privateKeyOf(own) };
  }

  return { certificate: certificate.toString("pem") + "\n", key: await privateKeyOf(keys), issue };
}

/** Writes `tls.crt`, `tls.key` and `ca.crt` into a process's folder, each at once by a rename: it may be running. */
export async function writeCredentials(folder: string, authority: Pick<Authority, "certificate">, own: Credentials) {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const files = { "ca.crt": authority.certificate, "tls.key": own.key, "tls.crt": own.certificate };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.writeTextFile(`${path}.new`, text, { mode: name.endsWith(".key") ? 0o600 : 0o644 });
    await Deno.rename(`${path}.new`, path);
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function privateKeyOf(keys: CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY") + "\n";
}
