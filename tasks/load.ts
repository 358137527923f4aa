/**
 * `deno task load [--rate N] [--seconds N] [--find] [--url http://localhost:8000] [--connections N] [--seed N]`:
 * visitors who browse, fill carts and check out come at a given rate, whatever becomes of them, to a running shop or to
 * one of its own; tells live how it goes, then by kind what was answered and when, counted from when each was meant to
 * come. With --find it looks, from --rate on, for the highest rate that is held, and then loads with it and twice that.
 */
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { cpuOf, machineCpu } from "./bench/usage.ts";
import { findRate, held } from "./load/find.ts";
import { generate } from "./load/generate.ts";
import { look, recovery, residentOf, startOwnShop } from "./load/shop.ts";
import { ownDelay, tableOf, Tally } from "./load/tally.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);
const RECOVERY_S = 30;
/** So much of the processors for others is worth a word. */
const NOISE = 0.1;
/** For how long --find tries a rate. */
const TRY_S = 6;

await orRefuse(async () => {
  refuseOtherDeno();
  const { values } = parseArgs({
    args: Deno.args.filter((argument) => argument !== "--"),
    options: {
      rate: { type: "string", default: "100" },
      seconds: { type: "string", default: "30" },
      connections: { type: "string", default: "2048" },
      find: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      url: { type: "string", default: "" },
    },
  });
  const number = (name: "rate" | "seconds" | "connections" | "seed", most: number) => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      throw new Refusal(`Cannot load as --${name} must be a whole number from 1 to ${most}.`);
    }
    return value;
  };
  const plan = {
    rate: number("rate", 100_000),
    seconds: number("seconds", 3_600),
    connections: number("connections", 16_384),
    seed: number("seed", 2 ** 31),
  };
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  const own = values.url ? undefined : await startOwnShop(stop.signal);
  try {
    const work = values.find ? find : load;
    await work({ ...plan, gateway: own?.gateway ?? local(values.url), signal: stop.signal }, own?.pid);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await own?.stop();
  }
  // A listener of a signal keeps the process alive.
  Deno.exit(0);
});

/** Nobody else's shop is loaded by mistake. */
function local(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || parsed.protocol !== "http:" || !LOCAL.has(parsed.hostname)) {
    throw new Refusal("Cannot load as --url must be http, on this machine.");
  }
  return parsed;
}

interface Plan {
  gateway: URL;
  rate: number;
  seconds: number;
  connections: number;
  seed: number;
  signal: AbortSignal;
}

/** Finds the highest rate that is held, then shows what is answered at it, and at twice as much. */
async function find(plan: Plan, pid?: number): Promise<void> {
  const seen = await look(plan.gateway);
  const highest = await findRate(async (rate) => {
    plan.signal.throwIfAborted();
    const tally = new Tally();
    await generate({ ...plan, ...seen, rate, seconds: TRY_S }, tally);
    await recovery(plan.gateway, RECOVERY_S);
    const { sent, ok } = tally.total;
    const kept = held(tally);
    console.log(`${rate} a second: ${kept ? "held" : "not held"}; ${ok} of ${sent} ok, p95 ${tally.all.p95} ms`);
    return kept;
  }, plan.rate);
  if (highest === 0) return console.log("\nnothing is held: see `deno task doctor`");
  for (const times of [1, 2]) {
    console.log(`\n${times} × the highest rate that is held (${highest} a second)`);
    await load({ ...plan, rate: highest * times }, pid);
  }
}

async function load(plan: Plan, pid?: number): Promise<void> {
  const tally = new Tally();
  const seen = await look(plan.gateway);
  const before = await residentOf(pid);
  const cpu = cpuUsage();
  const others = othersSince();
  let [second, was, most] = [0, 0, before];
  const every = Deno.stdout.isTerminal() ? 1 : 5;
  const timer = setInterval(async () => {
    const { sent, ok, too_many, unavailable, other } = tally.total;
    most = Math.max(most, await residentOf(pid));
    if (++second % every > 0) return;
    const waiting = sent - ok - too_many - unavailable - other;
    const rate = Math.round((ok - was) / every);
    was = ok;
    show(
      `${second} s  sent ${sent}, ${rate} ok a second, 429 ${too_many}, 503 ${unavailable}, other ${other}, waiting ${waiting}`,
    );
  }, 1_000);
  try {
    await generate({ ...plan, ...seen }, tally);
  } finally {
    clearInterval(timer);
  }
  const { user, system } = cpuUsage(cpu);
  console.log(`\n\n${plan.rate} arrivals a second for ${plan.seconds} s, seed ${plan.seed}\n`);
  console.log(tableOf(tally.rows()));
  console.log(`\n${ownDelay(tally.own)}\n  CPU time ${((user + system) / 1e6).toFixed(1)} s`);
  const share = pid ? others() : 0;
  if (share > NOISE) {
    console.log(
      `  others used ${Math.round(share * 100)} % of this machine's processors meanwhile: alone it is faster`,
    );
  }
  if (tally.surprise) console.log(`\nthe first other answer: ${tally.surprise}`);
  const recovered = await recovery(plan.gateway, RECOVERY_S);
  console.log(`\nrecovered ${recovered === undefined ? `not within ${RECOVERY_S}` : `in ${recovered}`} s`);
  if (pid) {
    console.log(`memory of the gateway: ${before} MB before, at most ${most}, ${await residentOf(pid)} after`);
  }
}

/** Tells what part of the processors' time is used by what is neither the load nor a shop that it started. */
function othersSince(): () => number {
  const used = () => machineCpu() - (cpuOf({ own: Deno.pid }).own ?? 0);
  const [began, before] = [performance.now(), used()];
  return () => Math.max(0, used() - before) / (performance.now() - began) / navigator.hardwareConcurrency;
}

/** In a terminal one line that changes. */
function show(line: string): void {
  if (Deno.stdout.isTerminal()) Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  else console.log(line);
}
