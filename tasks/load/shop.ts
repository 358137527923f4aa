import { join } from "node:path";
import { createRest } from "../seed/rest.ts";
import { findPort } from "../shop/ports.ts";
import { Refusal } from "../shop/refusal.ts";
import { randomText } from "../shop/secrets.ts";
import { readSettings } from "../shop/settings.ts";
import { Shop } from "../shop/shop.ts";
import { testFolder } from "../test/servers.ts";

const STOCK = 100_000_000;

/** Starts a shop of the load's own, with full shelves, whose limits one address alone does not meet. */
export async function startOwnShop(signal: AbortSignal): Promise<{ gateway: URL; pid: number; stop(): Promise<void> }> {
  const folder = testFolder();
  const operator = { email: "operator@nano.test", password: randomText(16) };
  const settings = readSettings({
    DATA_DIR: join(folder, "shop"),
    GATEWAY_PORT: String(findPort()),
    ADMIN_PORT: String(findPort()),
    ADMIN_EMAIL: operator.email,
    ADMIN_PASSWORD: operator.password,
    RATE_LIMIT_SCALE: "100000",
    SEED: "demo",
  });
  const shop = new Shop(settings, { say: () => {}, signal });
  const stop = async () => {
    await shop.stop();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await shop.start();
    const gateway = new URL(shop.gateway);
    const rest = createRest(shop.gateway);
    const { access_token: token } = await rest.call<{ access_token: string }>({}, "POST", "/auth/login", operator);
    for (const id of (await look(gateway)).variants) {
      await rest.call({ token }, "POST", `/variants/${id}/stock`, { delta: STOCK, reason: "load" });
    }
    rest.close();
    return { gateway, pid: shop.process("gateway").pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a storefront's visitors look at and buy: pages that many ask for, and some that few do. */
export async function look(gateway: URL): Promise<{ paths: string[]; variants: string[] }> {
  const read = async <T>(path: string): Promise<T> => {
    const answer = await fetch(new URL(path, gateway)).catch(() => undefined);
    if (!answer?.ok) {
      throw new Refusal(`Cannot load ${gateway.origin} as ${path} answered ${answer?.status ?? "nothing"}.`);
    }
    return await answer.json();
  };
  const { data } = await read<{
    data: { slug: string; name: string; price: { amount: number }; variants: { id: string }[] }[];
  }>("/products?in_stock=true&limit=100");
  const { data: categories } = await read<{ data: { slug: string }[] }>("/categories");
  const variants = data.flatMap(({ variants }) => variants[0]?.id ?? []);
  if (variants.length === 0) throw new Refusal(`Cannot load ${gateway.origin} as nothing can be bought there.`);
  const words = [...new Set(data.flatMap(({ name }) => name.toLowerCase().match(/[a-z]{3,}/g) ?? []))].slice(0, 40);
  const prices = Array.from({ length: 200 }, (_, step) => 100 + step * 50);
  return {
    paths: [
      "/products",
      "/categories",
      ...data.map(({ slug }) => `/products/${slug}`),
      ...categories.flatMap(({ slug }) =>
        ["name", "price", "-price"].map((sort) => `/products?category=${slug}&sort=${sort}`)
      ),
      ...words.map((word) => `/products?q=${word}`),
      ...prices.map((price) => `/products?in_stock=true&min_price=${price}&sort=price`),
    ],
    variants,
  };
}

/** How long after a load it takes until 20 reads in a row, none of them cached, are answered fast; in seconds. */
export async function recovery(gateway: URL, within: number): Promise<number | undefined> {
  const ended = performance.now();
  for (let fast = 0, n = 0; performance.now() - ended < within * 1000; n++) {
    const asked = performance.now();
    const answer = await fetch(new URL(`/products?limit=20&min_price=${n}`, gateway)).catch(() => undefined);
    await answer?.body?.cancel();
    fast = answer?.ok && performance.now() - asked < 200 ? fast + 1 : 0;
    if (fast === 20) return Math.round((performance.now() - ended) / 100) / 10;
    if (!answer?.ok) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

/** The resident memory of a process in MB; 0 where it is not known. By a program, as Deno reads /proc only with every permission. */
export async function residentOf(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  const { stdout } = await new Deno.Command("grep", { args: ["VmRSS", `/proc/${pid}/status`], stderr: "null" })
    .output();
  return Math.round(Number(/\d+/.exec(new TextDecoder().decode(stdout))?.[0] ?? 0) / 1024);
}
