import { after, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import type { Environment, Process } from "../processes.ts";
import { findPort } from "./ports.ts";
import { readSettings } from "./settings.ts";
import { Shop } from "./shop.ts";

describe("a port that another program takes after it was chosen", () => {
  const folder = Deno.makeTempDirSync({ prefix: "nano-port-" });
  Deno.chmodSync(folder, 0o711);
  const others: Deno.Listener[] = [];
  let shop: Shop;
  after(async () => {
    await shop.stop();
    for (const other of others) other.close();
    await Deno.remove(folder, { recursive: true });
  });

  it("does not keep the shop from being ready: its services move", async () => {
    const lines: string[] = [];
    const environments = new Map<string, Environment>();
    const lost: number[] = [];
    const adapt = ({ name }: Process, environment: Environment) => {
      environments.set(name, environment);
      if (name === "order" && others.length === 0) {
        lost.push(Number(environment.PORT));
        others.push(Deno.listen({ hostname: "127.0.0.1", port: Number(environment.PORT) }));
      }
      return environment;
    };
    const settings = readSettings({
      DATA_DIR: join(folder, "shop"),
      GATEWAY_PORT: String(findPort()),
      ADMIN_PORT: String(findPort()),
      REDIS_URL: "off",
      SEED: "none",
    });
    shop = new Shop(settings, { say: (line) => lines.push(line), signal: new AbortController().signal, adapt });
    await shop.start();

    expect(lines).toContain(
      `another program took port ${lost[0]} of order; starting the services again on other ports`,
    );
    expect(lines.filter((line) => line.includes(" ended "))).toEqual([]);
    const moved = Number(environments.get("order")?.PORT);
    expect(moved).not.toBe(lost[0]);
    expect(environments.get("gateway")?.ORDER_SERVICE_URL).toBe(`127.0.0.1:${moved}`);
    expect(environments.get("gateway")?.PORT).toBe(String(settings.GATEWAY_PORT));
    // Each answers, and all at their new addresses.
    for (const url of Object.values(shop.health)) expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${shop.gateway}/products`)).status).toBe(200);
  });
});
