import { parseEnv } from "node:util";
import { z } from "zod";
import { limitSettings, settings as gateway } from "../../services/gateway/config.ts";
import { settings as payment } from "../../services/payment/config.ts";
import { base, connectionSettings, tlsDir } from "../../services/shared/config.ts";
import { weakness } from "../../services/shared/weakness.ts";
import { deliverSettings } from "../../services/store/config.ts";
import { settings as user } from "../../services/user/config.ts";
import { checkPassword, normalisePassword } from "../../services/user/user.ts";
import { isTelemetry } from "../processes.ts";
import { Refusal } from "./refusal.ts";

const port = z.coerce.number().int().min(1).max(65535);
const url = (...schemes: string[]) =>
  z.string().refine((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && schemes.includes(parsed.protocol) && parsed.hostname !== "";
  }, `must look like ${schemes[0]}//user:password@host:port/name`);

/**
 * What `deno task start` reads: from the environment, else from `.env`. What it only hands on is checked as the process
 * that gets it does, so that nothing starts which then ends by itself.
 */
export const settingsSchema = z.object({
  ENVIRONMENT: base.ENVIRONMENT,
  LOG_LEVEL: base.LOG_LEVEL,
  DEBUG: base.DEBUG,
  /** Where gateway and admin listen; services listen on 127.0.0.1. */
  HOST: z.ipv4().default("127.0.0.1"),
  GATEWAY_PORT: port.default(8000),
  ADMIN_PORT: port.default(8080),
  DATA_DIR: z.string().default(".nano"),
  /** The owner's login; absent: an embedded PostgreSQL. */
  DATABASE_URL: url("postgres:", "postgresql:").optional(),
  /** The same server without a PgBouncer between, for migrations and LISTEN. */
  DATABASE_DIRECT_URL: url("postgres:", "postgresql:").optional(),
  /** A read replica of it, for the catalogue that shoppers read. */
  DATABASE_REPLICA_URL: url("postgres:", "postgresql:").optional(),
  DATABASE_ROLE_SECRET: z.string().optional(),
  /** Absent: a private redis-server; `off`: none, the shop runs uncached. */
  REDIS_URL: z.union([z.literal("off"), url("redis:", "rediss:")]).optional(),
  // Secrets are looked at below, so that a refusal says the same of each.
  JWT_SECRET: z.string().optional(),
  JWT_SECRET_PREVIOUS: z.string().optional(),
  JWT_EXPIRATION: user.JWT_EXPIRATION,
  ADMIN_EMAIL: user.ADMIN_EMAIL,
  ADMIN_PASSWORD: user.ADMIN_PASSWORD,
  SEED: z.enum(["demo", "none"]).optional(),
  TEST_PAYMENTS: payment.TEST_PAYMENTS,
  STRIPE_SECRET_KEY: payment.STRIPE_SECRET_KEY,
  STRIPE_WEBHOOK_SECRET: payment.STRIPE_WEBHOOK_SECRET,
  /** Without it, development's mails are files in DATA_DIR, and production sends none. */
  SMTP_URL: user.SMTP_URL,
  MAIL_FROM: user.MAIL_FROM,
  /** In development it is where the console listens. */
  ADMIN_URL: user.ADMIN_URL,
  STOREFRONT_URL: user.STOREFRONT_URL,
  // Lists, which the gateway takes apart.
  CORS_ORIGINS: z.string().optional(),
  TRUSTED_PROXIES: z.string().optional(),
  /** A folder with one folder of certificates per process, made by `deno task certs`: calls between them are TLS. */
  TLS_DIR: tlsDir,
  RATE_LIMIT_SCALE: gateway.RATE_LIMIT_SCALE,
  ...limitSettings,
  ...connectionSettings,
  WEBHOOK_ALLOW_PRIVATE: deliverSettings.WEBHOOK_ALLOW_PRIVATE,
});

/** The settings as the shop is started with them. */
export type Settings = z.infer<typeof settingsSchema> & {
  /** OpenTelemetry's own variables, OTEL_…, for every process. */
  readonly telemetry: Readonly<Record<string, string>>;
};

/** What production must be told, as it has no default there. */
const REQUIRED = ["DATABASE_URL", "JWT_SECRET", "DATABASE_ROLE_SECRET"] as const;

/**
 * Checks the settings; an error is one sentence that names each variable at fault. `required`: what production must be
 * told, where a task needs less than a whole shop.
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  required: readonly (typeof REQUIRED[number])[] = REQUIRED,
): Settings {
  // An empty variable, as compose and .env files have them, counts as absent.
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== "" && value !== undefined),
  );
  const result = settingsSchema.safeParse(given);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Refusal(`Cannot start with these settings: ${faults.join("; ")}.`);
  }
  const telemetry = Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => isTelemetry(entry[0])),
  );
  const settings = { ...result.data, telemetry };
  // No process starts with such a one, in development neither.
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS"] as const) refuseWeak(settings, name);
  if (settings.ENVIRONMENT === "production") refuseUnsafe(settings, required);
  return settings;
}

/** Reads `.env`, if there is one, beneath the real environment. */
export function environmentWithFile(path = ".env"): Record<string, string | undefined> {
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { ...parseEnv(text), ...Deno.env.toObject() };
}

/** In production nothing secret has a default, and nothing may be guessed. */
function refuseUnsafe(settings: Settings, required: readonly (typeof REQUIRED[number])[]): void {
  for (const name of required) {
    if (!settings[name]) throw new Refusal(`Cannot start in production as ${name} must be set.`);
  }
  refuseWeak(settings, "DATABASE_ROLE_SECRET");
  if (settings.SMTP_URL && !settings.ADMIN_URL) {
    throw new Refusal(
      "Cannot start in production as ADMIN_URL must be set where SMTP_URL is: links in mails lead there.",
    );
  }
  if (settings.ADMIN_PASSWORD) refuseWeakPassword(settings.ADMIN_PASSWORD, settings.ADMIN_EMAIL ?? "");
  for (const name of ["DEBUG", "WEBHOOK_ALLOW_PRIVATE"] as const) {
    if (settings[name]) throw new Refusal(`Cannot start in production as ${name} must not be true there.`);
  }
}

function refuseWeak(settings: Settings, name: "JWT_SECRET" | "JWT_SECRET_PREVIOUS" | "DATABASE_ROLE_SECRET"): void {
  const reason = settings[name] && weakness(settings[name]);
  if (reason) throw new Refusal(`Cannot start as ${name} is weak: ${reason}.`);
}

function refuseWeakPassword(password: string, email: string): void {
  try {
    checkPassword(normalisePassword(password), email);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(`Cannot start in production as ADMIN_PASSWORD is weak: ${reason}`);
  }
}
