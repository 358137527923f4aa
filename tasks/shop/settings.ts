import { parseEnv } from "node:util";
import { z } from "zod";
import { limitSettings } from "../../services/gateway/config.ts";
import { connectionSettings } from "../../services/shared/config.ts";
import { weakness } from "../../services/shared/weakness.ts";
import { checkPassword, normalisePassword } from "../../services/user/user.ts";
import { isTelemetry } from "../processes.ts";
import { Refusal } from "./refusal.ts";

const port = z.coerce.number().int().min(1).max(65535);
const flag = z.enum(["true", "false", "1", "0", ""]).transform((value) => value === "true" || value === "1");
const url = (...schemes: string[]) =>
  z.string().refine((value) => {
    const parsed = URL.parse(value);
    return parsed !== null && schemes.includes(parsed.protocol) && parsed.hostname !== "";
  }, `must look like ${schemes[0]}//user:password@host:port/name`);

/** What `deno task start` reads: from the environment, else from `.env`. */
export const settingsSchema = z.object({
  ENVIRONMENT: z.enum(["development", "production"]).default("development"),
  LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARNING", "ERROR"]).default("INFO"),
  DEBUG: flag.default(false),
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
  JWT_SECRET: z.string().optional(),
  /** Another secret whose tokens and console cookies are taken too. */
  JWT_SECRET_PREVIOUS: z.string().optional(),
  JWT_EXPIRATION: z.coerce.number().int().min(30).max(86400).default(600),
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(8).optional(),
  SEED: z.enum(["demo", "none"]).optional(),
  TEST_PAYMENTS: z.enum(["on", "off"]).optional(),
  STRIPE_SECRET_KEY: z.string().regex(/^[sr]k_(test|live)_\w+$/, "must be a secret or restricted key").optional(),
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_\S+$/, "must be a signing secret").optional(),
  /** Without it, development's mails are files in DATA_DIR, and production sends none. */
  SMTP_URL: url("smtp:", "smtps:").optional(),
  MAIL_FROM: z.string().optional(),
  /** Where people reach the console; in development it is where it listens. */
  ADMIN_URL: url("https:", "http:").optional(),
  STOREFRONT_URL: z.string().optional(),
  CORS_ORIGINS: z.string().optional(),
  TRUSTED_PROXIES: z.string().optional(),
  /** A folder with one folder of certificates per process, made by `deno task certs`: calls between them are TLS. */
  TLS_DIR: z.string().regex(/^[^,]+$/, "must be a folder, without a comma in its name").optional(),
  RATE_LIMIT_SCALE: z.coerce.number().min(0).default(1),
  ...limitSettings,
  ...connectionSettings,
  /** Lets webhooks go to this machine and its network, for trying them out. */
  WEBHOOK_ALLOW_PRIVATE: flag.default(false),
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
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "DATABASE_ROLE_SECRET"] as const) {
    const reason = settings[name] && weakness(settings[name]);
    if (reason) throw new Refusal(`Cannot start in production as ${name} is weak: ${reason}.`);
  }
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

function refuseWeakPassword(password: string, email: string): void {
  try {
    checkPassword(normalisePassword(password), email);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(`Cannot start in production as ADMIN_PASSWORD is weak: ${reason}`);
  }
}
