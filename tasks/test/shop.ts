import { join } from "node:path";
import { findPort } from "../shop/ports.ts";
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
  const settings = readSettings({
    DATABASE_URL: await servers.newDatabase("nano_shop"),
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
  });
  const shop = new Shop(settings, { say: () => {}, signal });
  await shop.start();
  return {
    environment: {
      TEST_GATEWAY_URL: shop.gateway,
      TEST_ADMIN_URL: shop.admin,
      TEST_ADMIN_EMAIL: operator.email,
      TEST_ADMIN_PASSWORD: operator.password,
    },
    stop: () => shop.stop(),
  };
}
