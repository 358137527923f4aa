import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { PROCESSES, speaksGrpc } from "../processes.ts";
import { type Finding, ok, span, warning, wrong } from "./finding.ts";

const WEEK = 7 * 86_400;

/** How many seconds each process's certificate, or its authority's, has to live; undefined where there is none. */
export type Lives = Readonly<Record<string, number | undefined>>;

/** Reads the certificates in TLS_DIR. */
export function readCertificates(folder: string, now = Date.now()): Lives {
  const life = (path: string) => {
    try {
      return (Date.parse(new X509Certificate(Deno.readTextFileSync(path)).validTo) - now) / 1000;
    } catch {
      return undefined;
    }
  };
  return Object.fromEntries(
    PROCESSES.filter(speaksGrpc).map(({ name }) => {
      const lives = ["tls.crt", "ca.crt"].map((file) => life(join(folder, name, file)));
      return [name, lives.includes(undefined) ? undefined : Math.min(...lives.map(Number))];
    }),
  );
}

/** Certificates that are missing, have ended, or end soon. */
export function judgeCertificates(folder: string, lives: Lives): Finding[] {
  const mend = `deno task certs -- --dir ${folder}   (or what renews them; running processes take new ones)`;
  const names = Object.keys(lives);
  const missing = names.filter((name) => lives[name] === undefined);
  const ended = names.filter((name) => (lives[name] ?? 1) <= 0);
  const soon = names.filter((name) => (lives[name] ?? 0) > 0 && (lives[name] ?? 0) < WEEK);
  const first = Math.min(...names.map((name) => lives[name] ?? Infinity));
  const findings = [
    ...missing.length
      ? [wrong("certificates", `none that can be read for ${missing.join(", ")} in ${folder}`, mend)]
      : [],
    ...ended.length ? [wrong("certificates", `ended: ${ended.join(", ")}`, mend)] : [],
    ...soon.length ? [warning("certificates", `end within a week: ${soon.join(", ")}`, mend)] : [],
  ];
  return findings.length ? findings : [ok("certificates", `${names.length}, the first ends in ${span(first)}`)];
}
