/**
 * `deno task fuzz [--seed N] [--seconds N] [--url http://127.0.0.1:…]`: every operation × role with hostile requests. The
 * shop of `--url` is full of rubbish then; ADMIN_EMAIL and ADMIN_PASSWORD are its operator's.
 */
import { parseArgs } from "node:util";
import { fuzz, type FuzzResult } from "./fuzz/run.ts";
import { startFuzzShop } from "./fuzz/shop.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";

const SECONDS = 180;

await orRefuse(async () => {
  refuseOtherDeno();
  const { seed, seconds, url } = readArguments(Deno.args.filter((argument) => argument !== "--"));
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
  console.log(`fuzzing for ${seconds} s with seed ${seed}`);
  const target = url ? { gateway: url, operator: operatorOf(), stop: () => {} } : await startFuzzShop(stop.signal);
  try {
    const { gateway, operator } = target;
    const options = { gateway, operator, seed, milliseconds: seconds * 1000, signal: stop.signal };
    const result = await fuzz({ ...options, progress: console.log });
    say(result);
    if (result.faults.length) console.log(`again: deno task fuzz --seed ${seed}`);
    return stop.signal.aborted ? 130 : result.faults.length ? 1 : 0;
  } finally {
    await target.stop();
  }
});

function readArguments(args: string[]) {
  const { values } = parseArgs({
    args,
    options: { seed: { type: "string" }, seconds: { type: "string" }, url: { type: "string" } },
  });
  const { url } = values;
  if (url && !/^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\/?$/.test(url)) {
    throw new Refusal("Cannot fuzz this address as --url must be on this machine: http://127.0.0.1:<port>.");
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
  const seconds = Number(values.seconds ?? SECONDS);
  if (!Number.isInteger(seed) || !(seconds > 0)) {
    throw new Refusal("Cannot fuzz as --seed and --seconds must be numbers.");
  }
  return { seed, seconds, url };
}

function operatorOf(): { email: string; password: string } {
  const [email, password] = [Deno.env.get("ADMIN_EMAIL"), Deno.env.get("ADMIN_PASSWORD")];
  if (!email || !password) {
    throw new Refusal("Cannot fuzz a running shop as ADMIN_EMAIL and ADMIN_PASSWORD are not set.");
  }
  return { email, password };
}

function say({ sent, operations, tried: [done, of], statuses, faults }: FuzzResult): void {
  const counts = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`).join(", ");
  console.log(`${sent} requests to ${operations} operations, ${done} of ${of} operations × roles`);
  console.log(`by status: ${counts}`);
  for (const fault of faults) console.log(`FAULT ${fault}`);
  console.log(faults.length ? `${faults.length} faults` : "no faults");
}
