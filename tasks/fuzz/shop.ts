import { join } from "node:path";
import { findPort } from "../shop/ports.ts";
import { randomText } from "../shop/secrets.ts";
import { readSettings } from "../shop/settings.ts";
import { Shop } from "../shop/shop.ts";

/** A shop of one's own to fuzz, without limits, in a folder that goes away with it. */
export async function startFuzzShop(signal: AbortSignal) {
  const folder = Deno.makeTempDirSync({ prefix: "nano-fuzz-" });
  Deno.chmodSync(folder, 0o711);
  const operator = { email: "operator@nano.test", password: randomText(16) };
  const settings = readSettings({
    DATA_DIR: join(folder, "shop"),
    GATEWAY_PORT: String(findPort()),
    ADMIN_PORT: String(findPort()),
    ADMIN_EMAIL: operator.email,
    ADMIN_PASSWORD: operator.password,
    RATE_LIMIT_SCALE: "0",
    SEED: "none",
  });
  const shop = new Shop(settings, { say: () => {}, signal });
  const stop = async () => {
    await shop.stop();
    Deno.removeSync(folder, { recursive: true });
  };
  try {
    await shop.start();
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return { gateway: shop.gateway, operator, logs: join(folder, "shop", "logs"), stop };
}
