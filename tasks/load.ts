/**
 * `deno task load [--rate N] [--seconds N] [--url http://localhost:8000] [--connections N] [--seed N]`: visitors who
 * browse, fill carts and check out come at a given rate, whatever becomes of them, to a running shop or to one of its
 * own; tells live how it goes, then by kind what was answered and when, counted from when each was meant to come.
 */
import { parseArgs } from "node:util";
import { memoryOf } from "./bench/usage.ts";
import { generate } from "./load/generate.ts";
import { look, recovery, startOwnShop } from "./load/shop.ts";
import { tableOf, Tally } from "./load/tally.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);
const RECOVERY_S = 30;

await orRefuse(async () => {
  refuseOtherDeno();
  const { values } = parseArgs({
    args: Deno.args.filter((argument) => argument !== "--"),
    options: {
      rate: { type: "string", default: "100" },
      seconds: { type: "string", default: "30" },
      connections: { type: "string", default: "512" },
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
    connections: number("connections", 4_096),
    seed: number("seed", 2 ** 31),
  };
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  const own = values.url ? undefined : await startOwnShop(stop.signal);
  try {
    await load({ ...plan, gateway: own?.gateway ?? local(values.url), signal: stop.signal }, own?.pid);
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

async function load(plan: Plan, pid?: number): Promise<void> {
  const tally = new Tally();
  const seen = await look(plan.gateway);
  const memory = () => pid ? memoryOf({ gateway: pid }).gateway ?? 0 : 0;
  let [second, before, most] = [0, 0, memory()];
  const every = Deno.stdout.isTerminal() ? 1 : 5;
  const timer = setInterval(() => {
    const { sent, ok, too_many, unavailable, other } = tally.total;
    second++;
    const waiting = sent - ok - too_many - unavailable - other;
    if (second % every > 0) return;
    most = Math.max(most, memory());
    const rate = Math.round((ok - before) / every);
    before = ok;
    show(
      `${second} s  sent ${sent}, ${rate} ok a second, 429 ${too_many}, 503 ${unavailable}, other ${other}, waiting ${waiting}`,
    );
  }, 1_000);
  try {
    await generate({ ...plan, ...seen }, tally);
  } finally {
    clearInterval(timer);
  }
  console.log(`\n\n${plan.rate} arrivals a second for ${plan.seconds} s, seed ${plan.seed}\n`);
  console.log(tableOf(tally.rows()));
  if (tally.surprise) console.log(`\nthe first other answer: ${tally.surprise}`);
  const recovered = await recovery(plan.gateway, RECOVERY_S);
  console.log(`\nrecovered ${recovered === undefined ? `not within ${RECOVERY_S}` : `in ${recovered}`} s`);
  if (pid) console.log(`memory of the gateway (PSS): at most ${most} MB, now ${memory()} MB`);
}

/** In a terminal one line that changes. */
function show(line: string): void {
  if (Deno.stdout.isTerminal()) Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
  else console.log(line);
}
