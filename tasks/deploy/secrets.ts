import { join } from "node:path";
import { PROCESSES, speaksGrpc } from "../processes.ts";
import { ensureCertificates } from "../certs/ensure.ts";
import { developmentSecrets } from "../shop/secrets.ts";
import { environments } from "../shop/plan.ts";
import { type Settings } from "../shop/settings.ts";
import type { Manifest } from "./render.ts";

/** What the cluster itself says (k8s/base/settings.yaml, launch.ts): all else of a process's environment is in its Secret. */
const OF_CLUSTER = /^(ENVIRONMENT|LOG_LEVEL|DEBUG|HOST|PORT|HTTP_PORT|TLS_DIR|MAIL_DIR|GATEWAY_URL|\w+_SERVICE_URL)$/;

/**
 * The Secrets of a shop, one per process with what that process may know, made from the few that its operator sets: a
 * service gets the login of its own database role, never the owner's. `certificates`: a folder as `deno task certs` makes.
 */
export async function secretsOf(settings: Settings, certificates?: string): Promise<Manifest[]> {
  const plan = {
    settings,
    ports: {},
    roleSecret: settings.DATABASE_ROLE_SECRET ?? "",
    jwtSecret: settings.JWT_SECRET ?? "",
    database: settings.DATABASE_URL ?? "",
    redis: settings.REDIS_URL === "off" ? undefined : settings.REDIS_URL,
  };
  const own = [...environments(plan)].map(([{ name }, environment]) =>
    secret(`${nameInCluster(name)}-secrets`, entriesOf(environment))
  );
  const migrate = secret(
    "migrate-secrets",
    entriesOf({
      DATABASE_URL: settings.DATABASE_URL ?? "",
      DATABASE_DIRECT_URL: settings.DATABASE_DIRECT_URL ?? "",
      DATABASE_ROLE_SECRET: settings.DATABASE_ROLE_SECRET ?? "",
    }),
  );
  const tls = certificates ? await tlsSecrets(certificates, settings.ENVIRONMENT) : [];
  return [...own, migrate, ...tls];
}

/** A development cluster's settings: its own servers, and secrets kept in DATA_DIR. */
export function developmentSettings(settings: Settings): { settings: Settings; postgres: Manifest } {
  Deno.mkdirSync(settings.DATA_DIR, { recursive: true });
  const made = developmentSecrets(settings.DATA_DIR);
  const password = made.SERVER_PASSWORD;
  return {
    settings: {
      ...settings,
      DATABASE_URL: `postgres://nano:${password}@postgres:5432/nano`,
      REDIS_URL: "redis://redis:6379/0",
      DATABASE_ROLE_SECRET: settings.DATABASE_ROLE_SECRET ?? made.DATABASE_ROLE_SECRET,
      JWT_SECRET: settings.JWT_SECRET ?? made.JWT_SECRET,
    },
    postgres: secret("postgres-secrets", { POSTGRES_PASSWORD: password }),
  };
}

/** A process's name in the cluster: storefronts know the gateway as `api-gateway`. */
export function nameInCluster(process: string): string {
  return process === "gateway" ? "api-gateway" : process;
}

async function tlsSecrets(folder: string, environment: string): Promise<Manifest[]> {
  await ensureCertificates(folder, environment, () => {});
  return await Promise.all(
    PROCESSES.filter(speaksGrpc).map(async ({ name }) => {
      const files = ["ca.crt", "tls.crt", "tls.key"];
      const texts = await Promise.all(files.map((file) => Deno.readTextFile(join(folder, name, file))));
      return secret(
        `${nameInCluster(name)}-tls`,
        Object.fromEntries(files.map((file, index) => [file, texts[index] ?? ""])),
      );
    }),
  );
}

function entriesOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name, value]) => value && !OF_CLUSTER.test(name)));
}

function secret(name: string, stringData: Record<string, string>): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "nano-ecommerce", labels: { "app.kubernetes.io/part-of": "nano-ecommerce" } },
    stringData,
  };
}
