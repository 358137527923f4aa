import type { experimental } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Log } from "./log.ts";
import { gauge } from "./metrics.ts";

type Provider = experimental.CertificateProvider;
type Listener<T> = (update: T | null) => void;

/** What a process shows to its peers, and what it believes of them. */
export interface Certificates extends Provider {
  /** When its certificate, or its authority's, ends: in milliseconds since the epoch. */
  expires(): number;
  /** Reads the files now rather than at the next look. */
  reload(): Promise<void>;
  close(): void;
}

interface Material {
  ca: Buffer;
  certificate: Buffer;
  key: Buffer;
  expires: number;
}

const LOOK_EVERY_MS = 10_000;

/**
 * Reads `ca.crt`, `tls.crt` and `tls.key` of a folder, as cert-manager writes them, and looks for new ones. New files
 * serve new connections; those that don't fit together, as halfway through a change, are left for the next look.
 * Throws where the first ones are missing, don't fit or are out of date.
 */
export async function watchCertificates(folder: string, log: Log, every = LOOK_EVERY_MS): Promise<Certificates> {
  let current = await read(folder);
  let complained = false;
  const authorities = new Set<Listener<{ caCertificate: Buffer }>>();
  const identities = new Set<Listener<{ certificate: Buffer; privateKey: Buffer }>>();
  const authority = () => ({ caCertificate: current.ca });
  const identity = () => ({ certificate: current.certificate, privateKey: current.key });

  async function reload(): Promise<void> {
    try {
      const next = await read(folder);
      complained = false;
      const same = (["ca", "certificate", "key"] as const).every((name) => next[name].equals(current[name]));
      if (same) return;
      current = next;
      for (const listener of authorities) listener(authority());
      for (const listener of identities) listener(identity());
      log.info({ expires: new Date(current.expires).toISOString() }, "took new certificates");
    } catch (error) {
      if (!complained) log.warn({ err: error }, "cannot take the new certificates: staying with the old ones");
      complained = true;
    }
  }

  const timer = setInterval(reload, every);
  return {
    // A listener is told a moment later: gRPC's server is not listening yet when it asks.
    addCaCertificateListener(listener) {
      authorities.add(listener);
      queueMicrotask(() => listener(authority()));
    },
    removeCaCertificateListener: (listener) => void authorities.delete(listener),
    addIdentityCertificateListener(listener) {
      identities.add(listener);
      queueMicrotask(() => listener(identity()));
    },
    removeIdentityCertificateListener: (listener) => void identities.delete(listener),
    expires: () => current.expires,
    reload,
    close: () => clearInterval(timer),
  };
}

/** Shows how long the certificates are still good for. */
export function measureExpiry(certificates: Certificates): void {
  gauge(
    "nano_certificate_expiry_seconds",
    "Seconds until this process's certificate or its authority's ends.",
    () => (certificates.expires() - Date.now()) / 1000,
  );
}

async function read(folder: string): Promise<Material> {
  const [ca, certificate, key] = await Promise.all(
    ["ca.crt", "tls.crt", "tls.key"].map(async (name) => Buffer.from(await Deno.readFile(`${folder}/${name}`))),
  );
  if (!ca || !certificate || !key) throw new Error(`Cannot read the certificates in ${folder}.`);
  const own = new X509Certificate(certificate);
  const expires = Math.min(...[own, new X509Certificate(ca)].map(({ validTo }) => Date.parse(validTo)));
  if (!own.checkPrivateKey(createPrivateKey(key))) throw new Error("Cannot use tls.key as it is not that of tls.crt.");
  if (expires <= Date.now()) throw new Error(`Cannot use the certificates in ${folder} as they have expired.`);
  return { ca, certificate, key, expires };
}
