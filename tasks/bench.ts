/**
 * `deno task bench [--products N] [--orders N] [--seconds N] [--rounds N] [--connections N] [--only NAME] [--profile]
 * [--out FILE]`: measures the shop as it is shipped, and beside it, on the same machine in the same run, floors that show
 * what could be had at most. `--products` and `--orders` load that many first; beyond 10,000 it measures lists at 10,000
 * too, one request at a time, and shows how their cost grows: `--only growth` does nothing else. `--profile` tells what
 * each process spent its CPU on, and costs some itself.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Case, casesOf } from "./bench/cases.ts";
import { type Generator, type Helper, startFloor, startGenerator } from "./bench/children.ts";
import { type GrowthCase, growthTable, orderCases, productCases, SMALL } from "./bench/growth.ts";
import { loadOrders } from "./bench/load_orders.ts";
import { loadProducts } from "./bench/load_products.ts";
import { profileTable, readProfiles } from "./bench/profile.ts";
import { compare, doubts, LOAD, type Round, type Row, rowOf, table } from "./bench/report.ts";
import { fillCarts, prepare } from "./bench/shop.ts";
import { cpuOf, machineCpu, memoryOf } from "./bench/usage.ts";
import { PROCESSES } from "./processes.ts";
import { delay } from "./shop/children.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { findPort } from "./shop/ports.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { readRun } from "./shop/run_file.ts";
import { randomText } from "./shop/secrets.ts";
import { readSettings } from "./shop/settings.ts";
import { Shop } from "./shop/shop.ts";
import { testFolder } from "./test/servers.ts";

const CORES = navigator.hardwareConcurrency;
const WARM_UP_S = 1.5;
const QUIET_S = 5;
/** The name under which `--only` asks for nothing but how cost grows. */
const GROWTH = "growth";
const running: (() => Promise<void> | void)[] = [];
const began = Date.now();

await orRefuse(async () => {
  refuseOtherDeno();
  const { values } = parseArgs({
    args: Deno.args.filter((argument) => argument !== "--"),
    options: {
      seconds: { type: "string", default: "4" },
      rounds: { type: "string", default: "3" },
      connections: { type: "string", default: "16" },
      products: { type: "string", default: "0" },
      orders: { type: "string", default: "0" },
      only: { type: "string", default: "" },
      out: { type: "string", default: "" },
      profile: { type: "boolean", default: false },
    },
  });
  const number = (name: "seconds" | "rounds" | "connections" | "products" | "orders", least: number) => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new Refusal(`Cannot measure as --${name} must be a whole number from ${least}.`);
    }
    return value;
  };
  const plan = {
    seconds: number("seconds", 1),
    rounds: number("rounds", 1),
    connections: number("connections", 1),
    products: number("products", 0),
    orders: number("orders", 0),
    only: values.only,
    out: values.out,
    profile: values.profile,
  };
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  try {
    await bench(plan, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    for (let end = running.pop(); end; end = running.pop()) await end();
  }
});

type Measured = Pick<Case, "name" | "floor" | "load" | "warm_up_s">;

interface Plan {
  seconds: number;
  rounds: number;
  connections: number;
  products: number;
  orders: number;
  only: string;
  out: string;
  profile: boolean;
}

async function bench(plan: Plan, signal: AbortSignal): Promise<void> {
  const folder = testFolder();
  running.push(() => Deno.remove(folder, { recursive: true }));
  const operator = { email: "operator@nano.test", password: randomText(16) };
  say("starting a shop");
  const first = await startShop(folder, operator, signal);
  await first.shop.stop();
  const profiles = plan.profile ? join(folder, "profiles") : undefined;
  const { shop, seconds: start_s } = await startShop(folder, operator, signal, profiles);
  running.push(() => shop.stop());
  const shopPids = {
    ...Object.fromEntries([...PROCESSES.map(({ name }) => name), "postgres"].map((name) => [name, pidOf(shop, name)])),
    ...(redisPid(shop) ? { redis: redisPid(shop) } : {}),
    starter: Deno.pid,
  } as Record<string, number>;
  say(`it was ready after ${start_s} s, the second time`);
  await delay(QUIET_S * 1000, signal);
  const quiet = memoryOf(shopPids);
  const database = ownerUrl(folder);

  say("signing shoppers up");
  const prepared = await prepare(shop, operator, plan.connections);
  await fillCarts(new URL(shop.gateway), prepared);
  const floors = await startFloors(folder, database, prepared.store_id, prepared.listing);
  const generator = startGenerator();
  running.push(() => generator.stop());
  const pids = { ...shopPids, floor: floors.http.pid, "floor's neighbour": floors.grpc.pid, [LOAD]: generator.pid };

  const measured = performance.now();
  const places = { floors: floors.url, gateway: new URL(shop.gateway), admin: new URL(shop.admin) };
  const measure = (cases: readonly Measured[]) => measureAll(generator, cases, plan, pids, signal);
  const growth = [
    await grow("products", plan.products, measure, {
      load: (to, from) => loadProducts(database, to, say, from),
      cases: () => productCases(places.gateway),
    }),
    await grow("orders", plan.orders, measure, {
      load: (to, from) => loadOrders(database, to, say, from),
      cases: () => orderCases(prepared, places.gateway, places.admin),
    }),
  ];

  const rows = plan.only === GROWTH ? [] : compare(
    await measure(
      casesOf(prepared, places, plan.connections).filter(({ name, floor }) =>
        plan.only === "" || !floor || name.includes(plan.only)
      ),
    ),
  );
  const loaded = memoryOf(shopPids);
  for (const { table, rows } of growth) {
    if (table) console.log(`\n1 connection, ${plan.rounds} rounds of ${plan.seconds} s, ${CORES} cores\n\n${table}`);
    for (const doubt of doubts(rows)) console.log(`WARNING: ${doubt}`);
  }
  if (rows.length > 0) {
    console.log(`\n${plan.connections} connections, ${plan.rounds} rounds of ${plan.seconds} s, ${CORES} cores\n`);
    console.log(table(rows));
  }
  console.log(`\nmemory (PSS) in MB, quiet ${sum(quiet)}, after the load ${sum(loaded)}`);
  for (const name of Object.keys(shopPids)) console.log(`  ${name.padEnd(10)}${quiet[name]} → ${loaded[name]}`);
  console.log(`started again in ${start_s} s`);
  if (profiles) {
    const last_ms = performance.now() - measured;
    await shop.stop();
    console.log(`\nwhere each process's CPU went, by V8's profiles\n${profileTable(readProfiles(profiles), last_ms)}`);
  }
  for (const doubt of doubts(rows)) console.log(`WARNING: ${doubt}`);
  const report = {
    time: new Date().toISOString(),
    cores: CORES,
    ...plan,
    start_s,
    memory: { quiet, loaded },
    rows,
    growth,
  };
  const out = plan.out || join(Deno.cwd(), ".nano-bench.json");
  Deno.writeTextFileSync(out, `${JSON.stringify(report, null, 2)}\n`);
  say(`all figures: ${out}`);
}

/** As `deno task start` does, with limits that are counted and never met. */
async function startShop(
  folder: string,
  operator: { email: string; password: string },
  signal: AbortSignal,
  profiles?: string,
) {
  const started = performance.now();
  const settings = readSettings({
    DATA_DIR: join(folder, "shop"),
    GATEWAY_PORT: String(findPort()),
    ADMIN_PORT: String(findPort()),
    ADMIN_EMAIL: operator.email,
    ADMIN_PASSWORD: operator.password,
    RATE_LIMIT_SCALE: "100000",
    JWT_EXPIRATION: "3600",
    SEED: "demo",
  });
  const shop = new Shop(settings, { say: () => {}, signal, ...(profiles ? { profiles } : {}) });
  await shop.start();
  return { shop, seconds: Math.round((performance.now() - started) / 100) / 10 };
}

async function startFloors(
  folder: string,
  database: string,
  store_id: string,
  listing: string,
): Promise<{ http: Helper; grpc: Helper; url: URL }> {
  const ready = join(folder, "listing.json");
  Deno.writeTextFileSync(ready, listing);
  const args = [String(findPort()), database, String(findPort()), store_id, ready];
  const [grpc, http] = [startFloor(["grpc", ...args]), startFloor(["http", ...args])];
  running.push(() => grpc.stop(), () => http.stop());
  const url = new URL(`http://127.0.0.1:${args[0]}`);
  for (const end = Date.now() + 20_000; Date.now() < end; await delay(100)) {
    const answer = await fetch(new URL("/hop", url)).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return { http, grpc, url };
  }
  throw new Refusal("Cannot measure as the floors did not start.");
}

/** Loads so many, first a few, and measures what their number might cost both times. */
async function grow(
  what: string,
  number: number,
  measure: (cases: readonly GrowthCase[]) => Promise<Row[]>,
  { load, cases }: {
    load: (to: number, from: number) => Promise<void>;
    cases: () => GrowthCase[] | Promise<GrowthCase[]>;
  },
): Promise<{ table: string; rows: Row[] }> {
  if (number <= SMALL) {
    if (number > 0) await load(number, 0);
    return { table: "", rows: [] };
  }
  await load(SMALL, 0);
  const small = await measure(await cases());
  await load(number, SMALL);
  const large = await measure(await cases());
  return { table: growthTable(what, [SMALL, number], small, large), rows: [...small, ...large] };
}

/** Measures cases in turn, several rounds. */
async function measureAll(
  generator: Generator,
  cases: readonly Measured[],
  plan: Plan,
  pids: Record<string, number>,
  signal: AbortSignal,
): Promise<Row[]> {
  const rounds = new Map<string, Round[]>(cases.map(({ name }) => [name, []]));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const tried of cases) {
      const { load, warm_up_s = WARM_UP_S } = tried;
      signal.throwIfAborted();
      await generator.run({ ...load, seconds: round === 1 ? warm_up_s : WARM_UP_S });
      const result = await measureCase(generator, load, plan.seconds, pids);
      rounds.get(tried.name)?.push(result);
      say(`round ${round} of ${plan.rounds}: ${tried.name}: ${Math.round(result.done / result.seconds)} a second`);
    }
  }
  return cases.map(({ name, floor }) => rowOf(name, floor, rounds.get(name) ?? []));
}

async function measureCase(
  generator: Generator,
  load: Case["load"],
  seconds: number,
  pids: Record<string, number>,
): Promise<Round> {
  const [before, machine] = [cpuOf(pids), machineCpu()];
  const result = await generator.run({ ...load, seconds });
  const [after, all] = [cpuOf(pids), machineCpu() - machine];
  const cpu = Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
  const ours = sum(cpu);
  return { ...result, cpu, others: Math.max(0, all - ours) / (result.seconds * 1000 * CORES) };
}

function pidOf(shop: Shop, name: string): number {
  const { pid } = shop.process(name);
  if (!pid) throw new Refusal(`Cannot measure as ${name} does not run.`);
  return pid;
}

function redisPid(shop: Shop): number | undefined {
  try {
    return pidOf(shop, "redis");
  } catch {
    return undefined; // The shop runs uncached.
  }
}

function ownerUrl(folder: string): string {
  const url = readRun(join(folder, "shop"))?.database;
  if (!url) throw new Refusal("Cannot measure as the shop does not tell its database.");
  return url;
}

function sum(values: Record<string, number>): number {
  return Math.round(Object.values(values).reduce((total, value) => total + value, 0));
}

function say(line: string): void {
  console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${line}`);
}
