import { resolve } from "node:path";
import {
  type Environment,
  environmentFor,
  neighbourVariable,
  type Process,
  PROCESSES,
  SERVICES,
  telemetryOf,
} from "../processes.ts";
import { limitSettings } from "../../services/gateway/config.ts";
import { connectionSettings } from "../../services/shared/config.ts";
import { databaseName, roleUrl } from "../roles.ts";
import { developmentSecrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";

/** Where each process of this shop listens. */
export type Ports = Readonly<Record<string, { readonly port: number; readonly httpPort: number }>>;

/** What the processes' environments are made of. */
export interface Plan {
  readonly settings: Settings;
  readonly ports: Ports;
  readonly roleSecret: string;
  readonly jwtSecret: string;
  /** The owner's login; each process gets its own role's. */
  readonly database: string;
  readonly redis: string | undefined;
}

const OPERATOR_EMAIL = "admin@nano.test";

/** The first operator: in development there always is one, in production only that of ADMIN_*. */
export function operatorOf(settings: Settings): { email: string; password: string } | undefined {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = settings;
  if (settings.ENVIRONMENT === "production") return email && password ? { email, password } : undefined;
  return {
    email: email ?? OPERATOR_EMAIL,
    password: password ?? developmentSecrets(settings.DATA_DIR).ADMIN_PASSWORD,
  };
}

/** What to fill the shop with. */
export function seedKind(settings: Settings): "demo" | "none" {
  return settings.SEED ?? (settings.ENVIRONMENT === "development" ? "demo" : "none");
}

/** The folder of development's mails where no server sends them; in production there is none. */
export function mailFolder(settings: Settings): string | undefined {
  return settings.ENVIRONMENT === "development" && !settings.SMTP_URL ? resolve(settings.DATA_DIR, "mail") : undefined;
}

/** The environment of every process of the shop, from one plan. */
export function environments(plan: Plan): Map<Process, Environment> {
  return new Map(PROCESSES.map((process) => [process, environmentOf(process, plan)]));
}

function environmentOf(process: Process, plan: Plan): Environment {
  const { settings, ports } = plan;
  const own = ports[process.name] ?? process;
  const direct = settings.DATABASE_DIRECT_URL;
  // A PgBouncer may know the database by another name than that for which the roles were made.
  const rolePrefix = databaseName(direct ?? plan.database);
  const service = SERVICES.find((name) => name === process.name);
  const roleAt = (url: string) => service && roleUrl(url, service, plan.roleSecret, { rolePrefix });
  return environmentFor(process, {
    ...(settings.telemetry.OTEL_DENO ? telemetryOf(process.name) : {}),
    ...settings.telemetry,
    ENVIRONMENT: settings.ENVIRONMENT,
    LOG_LEVEL: settings.LOG_LEVEL,
    DEBUG: String(settings.DEBUG),
    HOST: process.name === "gateway" || process.name === "admin" ? settings.HOST : "127.0.0.1",
    PORT: String(own.port),
    HTTP_PORT: String(own.httpPort),
    DATABASE_URL: roleAt(plan.database),
    DATABASE_DIRECT_URL: direct && roleAt(direct),
    DATABASE_REPLICA_URL: settings.DATABASE_REPLICA_URL && roleAt(settings.DATABASE_REPLICA_URL),
    REDIS_URL: plan.redis,
    GATEWAY_URL: `http://${reachable(settings.HOST)}:${ports.gateway?.port}`,
    JWT_SECRET: plan.jwtSecret,
    JWT_SECRET_PREVIOUS: settings.JWT_SECRET_PREVIOUS,
    JWT_EXPIRATION: String(settings.JWT_EXPIRATION),
    ADMIN_EMAIL: operatorOf(settings)?.email,
    ADMIN_PASSWORD: operatorOf(settings)?.password,
    SMTP_URL: settings.SMTP_URL,
    MAIL_FROM: settings.MAIL_FROM,
    MAIL_DIR: mailFolder(settings),
    ADMIN_URL: settings.ADMIN_URL ??
      (settings.ENVIRONMENT === "development" ? `http://${reachable(settings.HOST)}:${ports.admin?.port}` : undefined),
    STOREFRONT_URL: settings.STOREFRONT_URL,
    TEST_PAYMENTS: settings.TEST_PAYMENTS,
    STRIPE_SECRET_KEY: settings.STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET: settings.STRIPE_WEBHOOK_SECRET,
    CORS_ORIGINS: settings.CORS_ORIGINS,
    TRUSTED_PROXIES: settings.TRUSTED_PROXIES,
    TLS_DIR: settings.TLS_DIR && resolve(settings.TLS_DIR, process.name),
    RATE_LIMIT_SCALE: String(settings.RATE_LIMIT_SCALE),
    ...asTexts(settings),
    WEBHOOK_ALLOW_PRIVATE: String(settings.WEBHOOK_ALLOW_PRIVATE),
    ...Object.fromEntries(
      ([...SERVICES, "deliver"] as const).map((name) => [neighbourVariable(name), `127.0.0.1:${ports[name]?.port}`]),
    ),
  });
}

/** The limits of requests and connections, by their own names. */
function asTexts(settings: Settings): Record<string, string> {
  const names = Object.keys({ ...limitSettings, ...connectionSettings }) as (
    | keyof typeof limitSettings
    | keyof typeof connectionSettings
  )[];
  return Object.fromEntries(names.map((name) => [name, String(settings[name] ?? "")]));
}

/** An address on which one can call who listens on `host`. */
export function reachable(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host;
}
