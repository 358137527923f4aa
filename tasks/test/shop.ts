import { join } from "node:path";
import type { Environment, Process } from "../processes.ts";
import { findPort } from "../shop/ports.ts";
import { mailFolder } from "../shop/plan.ts";
import { randomText } from "../shop/secrets.ts";
import { readSettings } from "../shop/settings.ts";
import { Shop } from "../shop/shop.ts";
import type { TestServers } from "./servers.ts";

/** The one shop that all REST and browser tests share. */
export interface TestShop {
  /** What the tests are told of it. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts it as `deno task start` does, on the tests' servers, with the demo data and limits that no test meets. */
export async function startTestShop(servers: TestServers, folder: string, signal: AbortSignal): Promise<TestShop> {
  const operator = { email: "operator@nano.test", password: randomText(16) };
  const databaseUrl = await servers.newDatabase("nano_shop");
  const collector = `http://127.0.0.1:${findPort()}`;
  const settings = readSettings({
    DATABASE_URL: databaseUrl,
    DATABASE_ROLE_SECRET: servers.roleSecret,
    REDIS_URL: servers.redisUrl,
    DATA_DIR: join(folder, "shop"),
    GATEWAY_PORT: String(findPort()),
    ADMIN_PORT: String(findPort()),
    ADMIN_EMAIL: operator.email,
    ADMIN_PASSWORD: operator.password,
    RATE_LIMIT_SCALE: "1000",
    SEED: "demo",
    WEBHOOK_ALLOW_PRIVATE: "true",
    // Only what a test asks for by a sampled traceparent is traced; it listens at this address while it does.
    OTEL_DENO: "true",
    OTEL_TRACES_SAMPLER: "parentbased_always_off",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_DENO_METRICS: "false",
    OTEL_DENO_CONSOLE: "ignore",
  });
  const environments: Record<string, Environment> = {};
  const adapt = ({ name }: Process, environment: Environment) => environments[name] = environment;
  const shop = new Shop(settings, { say: () => {}, signal, adapt });
  await shop.start();
  return {
    environment: {
      TEST_GATEWAY_URL: shop.gateway,
      TEST_ADMIN_URL: shop.admin,
      TEST_HEALTH_URLS: JSON.stringify(shop.health),
      TEST_COLLECTOR_URL: collector,
      TEST_LOGS: join(settings.DATA_DIR, "logs"),
      TEST_ADMIN_EMAIL: operator.email,
      TEST_ADMIN_PASSWORD: operator.password,
      TEST_MAIL_DIR: mailFolder(settings) ?? "",
      // For who looks behind the API: what a person left where.
      TEST_SHOP_DATABASE_URL: databaseUrl,
      TEST_SHOP_FOLDER: folder,
      // For who runs a second of a process beside it.
      TEST_SHOP_ENVIRONMENTS: JSON.stringify(environments),
    },
    stop: () => shop.stop(),
  };
}
