import {
  type Environment,
  environmentFor,
  neighbourVariable,
  type Process,
  PROCESSES,
  SERVICES,
} from "../processes.ts";
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

export const OPERATOR_EMAIL = "admin@nano.test";

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
    ENVIRONMENT: settings.ENVIRONMENT,
    LOG_LEVEL: settings.LOG_LEVEL,
    DEBUG: String(settings.DEBUG),
    HOST: process.name === "gateway" || process.name === "admin" ? settings.HOST : "127.0.0.1",
    PORT: String(own.port),
    HTTP_PORT: String(own.httpPort),
    DATABASE_URL: roleAt(plan.database),
    DATABASE_DIRECT_URL: direct && roleAt(direct),
    REDIS_URL: plan.redis,
    GATEWAY_URL: `http://${reachable(settings.HOST)}:${ports.gateway?.port}`,
    JWT_SECRET: plan.jwtSecret,
    JWT_EXPIRATION: String(settings.JWT_EXPIRATION),
    ADMIN_EMAIL: operatorOf(settings)?.email,
    ADMIN_PASSWORD: operatorOf(settings)?.password,
    TEST_PAYMENTS: settings.TEST_PAYMENTS,
    STRIPE_SECRET_KEY: settings.STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET: settings.STRIPE_WEBHOOK_SECRET,
    CORS_ORIGINS: settings.CORS_ORIGINS,
    TRUSTED_PROXIES: settings.TRUSTED_PROXIES,
    RATE_LIMIT_SCALE: String(settings.RATE_LIMIT_SCALE),
    WEBHOOK_ALLOW_PRIVATE: String(settings.WEBHOOK_ALLOW_PRIVATE),
    ...Object.fromEntries(
      ([...SERVICES, "deliver"] as const).map((name) => [neighbourVariable(name), `127.0.0.1:${ports[name]?.port}`]),
    ),
  });
}

/** An address on which one can call who listens on `host`. */
export function reachable(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host;
}
