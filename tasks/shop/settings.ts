import { parseEnv } from "node:util";
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import { weakness } from "./secrets.ts";

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
  DATABASE_ROLE_SECRET: z.string().optional(),
  /** Absent: a private redis-server; `off`: none, the shop runs uncached. */
  REDIS_URL: z.union([z.literal("off"), url("redis:", "rediss:")]).optional(),
  JWT_SECRET: z.string().optional(),
  JWT_EXPIRATION: z.coerce.number().int().min(30).max(86400).default(600),
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(8).optional(),
  SEED: z.enum(["demo", "none"]).optional(),
  TEST_PAYMENTS: z.enum(["on", "off"]).optional(),
  STRIPE_SECRET_KEY: z.string().regex(/^[sr]k_(test|live)_\w+$/, "must be a secret or restricted key").optional(),
  STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_\S+$/, "must be a signing secret").optional(),
  CORS_ORIGINS: z.string().optional(),
  TRUSTED_PROXIES: z.string().optional(),
  RATE_LIMIT_SCALE: z.coerce.number().min(0).default(1),
  /** Lets webhooks go to this machine and its network, for trying them out. */
  WEBHOOK_ALLOW_PRIVATE: flag.default(false),
});

export type Settings = z.infer<typeof settingsSchema>;

/** Checks the settings; an error is one sentence that names each variable at fault. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  // An empty variable, as compose and .env files have them, counts as absent.
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== "" && value !== undefined),
  );
  const result = settingsSchema.safeParse(given);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Refusal(`Cannot start with these settings: ${faults.join("; ")}.`);
  }
  if (result.data.ENVIRONMENT === "production") refuseUnsafe(result.data);
  return result.data;
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
function refuseUnsafe(settings: Settings): void {
  for (const name of ["DATABASE_URL", "JWT_SECRET", "DATABASE_ROLE_SECRET"] as const) {
    if (!settings[name]) throw new Refusal(`Cannot start in production as ${name} must be set.`);
  }
  for (const name of ["JWT_SECRET", "DATABASE_ROLE_SECRET"] as const) {
    const reason = weakness(settings[name] ?? "");
    if (reason) throw new Refusal(`Cannot start in production as ${name} is weak: ${reason}.`);
  }
  for (const name of ["DEBUG", "WEBHOOK_ALLOW_PRIVATE"] as const) {
    if (settings[name]) throw new Refusal(`Cannot start in production as ${name} must not be true there.`);
  }
}
