/** `deno task bench [--orders N]`: times the console's home with few orders and with many, in one run. */
import { parseArgs } from "node:util";
import { loadOrders } from "./bench/load_orders.ts";
import { measure, type Timing } from "./bench/measure.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { testFolder, TestServers } from "./test/servers.ts";
import { startTestShop } from "./test/shop.ts";

const TIMES = 60;
const running: (() => Promise<void> | void)[] = [];

await orRefuse(async () => {
  refuseOtherDeno();
  const { values } = parseArgs({
    args: Deno.args.filter((argument) => argument !== "--"),
    options: { orders: { type: "string", default: "200000" } },
  });
  const orders = Number(values.orders);
  if (!Number.isSafeInteger(orders) || orders < 1) {
    throw new Refusal("Cannot measure as --orders must be a whole number from 1.");
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  try {
    await bench(orders, stop.signal);
  } finally {
    for (let end = running.pop(); end; end = running.pop()) await end();
  }
});

async function bench(orders: number, signal: AbortSignal): Promise<void> {
  const folder = testFolder();
  running.push(() => Deno.remove(folder, { recursive: true }));
  console.log("starting a shop");
  const servers = await TestServers.start(folder, (server) => running.push(() => server.stop()));
  const shop = await startTestShop(servers, folder, signal);
  running.push(() => shop.stop());

  const home = await signIn(shop.environment);
  const few = await measure(TIMES, home);
  const owner = new URL(servers.ownerUrl);
  owner.pathname = "/nano_shop";
  await loadOrders(owner.href, orders, console.log);
  const many = await measure(TIMES, home);

  console.log(`\nconsole's home, ${TIMES} requests one after the other, milliseconds to the last byte\n`);
  console.log(row("orders", { p50: "p50", p95: "p95", p99: "p99", worst: "worst" }));
  console.log(row("demo", few));
  console.log(row(String(orders), many));
  console.log(`\nratio of the medians: ${(many.p50 / few.p50).toFixed(2)}`);
}

/** Signs in as the operator; gives a function that opens the home page, and throws unless it is there. */
async function signIn(environment: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const { TEST_ADMIN_URL, TEST_ADMIN_EMAIL = "", TEST_ADMIN_PASSWORD = "" } = environment;
  const body = new URLSearchParams({ email: TEST_ADMIN_EMAIL, password: TEST_ADMIN_PASSWORD });
  const answer = await fetch(`${TEST_ADMIN_URL}/login`, { method: "POST", body, redirect: "manual" });
  await answer.body?.cancel();
  const cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  if (answer.status !== 303 || !cookie) {
    throw new Refusal(`Cannot measure as the console refused to sign in: ${answer.status}.`);
  }
  return async () => {
    const page = await fetch(`${TEST_ADMIN_URL}/`, { headers: { Cookie: cookie }, redirect: "manual" });
    const text = await page.text();
    if (page.status !== 200 || !text.includes("<main")) {
      throw new Refusal(`Cannot measure as the home page answered ${page.status}.`);
    }
  };
}

function row(name: string, { p50, p95, p99, worst }: Record<keyof Timing, number | string>): string {
  return [name.padEnd(10), ...[p50, p95, p99, worst].map((value) => String(value).padStart(8))].join("");
}
