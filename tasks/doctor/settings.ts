import { parseEnv } from "node:util";
import { weakness } from "../../services/shared/weakness.ts";
import { isTelemetry } from "../processes.ts";
import type { Settings } from "../shop/settings.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** A file that holds secrets: whether it is there, and who may read it. */
export interface SecretFile {
  readonly path: string;
  readonly mode: number | null;
}

/** Names in `.env` that no setting has, which are misspelt or of another release. `example` is .env.example. */
export function judgeNames(env: string, example: string): Finding {
  const known = new Set([...example.matchAll(/\b([A-Z][A-Z0-9_]{2,})\b/g)].map(([, name]) => name ?? ""));
  const unknown = Object.keys(parseEnv(env)).filter((name) => !known.has(name) && !isTelemetry(name));
  if (unknown.length === 0) return ok("settings", "every name in .env is a setting");
  return warning(
    "settings",
    `.env has names that are no settings: ${unknown.join(", ")}`,
    "correct them as .env.example has them, or remove them",
  );
}

/** What is allowed, but not wise. What is not allowed, readSettings() refuses. */
export function judgeSettings(settings: Settings): Finding[] {
  const findings: Finding[] = [];
  const weak = settings.DATABASE_ROLE_SECRET && weakness(settings.DATABASE_ROLE_SECRET);
  if (weak) {
    const mend = "put DATABASE_ROLE_SECRET=$(openssl rand -base64 36) into .env";
    findings.push(warning("settings", `DATABASE_ROLE_SECRET is weak: ${weak}`, mend));
  }
  if (settings.ENVIRONMENT === "production") {
    if (settings.RATE_LIMIT_SCALE === 0) {
      findings.push(warning("settings", "RATE_LIMIT_SCALE=0 turns every rate limit off", "remove RATE_LIMIT_SCALE"));
    }
    if (settings.TEST_PAYMENTS === "on") {
      findings.push(warning("settings", "TEST_PAYMENTS=on sells for nothing", "remove TEST_PAYMENTS"));
    }
    if (!settings.SMTP_URL) {
      findings.push(
        warning("settings", "without SMTP_URL no mail is sent: no new passwords, no invitations", "set SMTP_URL"),
      );
    }
  }
  return findings.length ? findings : [ok("settings", `they are good for ${settings.ENVIRONMENT}`)];
}

/** Files with secrets that others on this machine can read. */
export function judgeSecretFiles(files: readonly SecretFile[]): Finding[] {
  return files.filter(({ mode }) => mode !== null && (mode & 0o077) !== 0).map(({ path }) =>
    warning("settings", `other users can read ${path}`, `chmod 600 ${path}`)
  );
}
