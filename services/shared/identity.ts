import { type Certificates, measureExpiry, watchCertificates } from "./certificates.ts";
import type { Log } from "./log.ts";
import { peers } from "./peers.ts";

/** Who this process is to its peers. */
export interface Identity {
  /** Its name in the table of peers. */
  readonly name: string;
  /** With them every call is mutual TLS; without, plaintext on a network that is trusted. */
  readonly certificates?: Certificates;
}

let own: Identity | undefined;

/** Says who this process is, before it calls or serves anybody; with TLS_DIR it takes its certificates from there. */
export async function actAs(name: string, config: { TLS_DIR?: string | undefined }, log: Log): Promise<void> {
  if (!config.TLS_DIR) {
    own = { name };
    return;
  }
  const certificates = await watchCertificates(config.TLS_DIR, log);
  measureExpiry(certificates);
  own = { name, certificates };
}

/** Who this process is; undefined in tests, which play several at once. */
export function ownIdentity(): Identity | undefined {
  return own;
}

/** The peer's name: the one process that its certificate names. A certificate for several, or none, names nobody. */
export function peerName(context: { sslPeerCertificate?: { subjectaltname?: string } }): string | undefined {
  const names = (context.sslPeerCertificate?.subjectaltname ?? "").split(", ")
    .filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4)).filter((name) => KNOWN.has(name));
  return names.length === 1 ? names[0] : undefined;
}

const KNOWN = new Set(Object.entries(peers()).flatMap(([name, callees]) => [name, ...Object.keys(callees)]));
