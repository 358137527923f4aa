/** `deno task faults [number…] [--seed N] [--seeds N]`: breaks things under load and checks that nothing is lost. */
import { parseArgs } from "node:util";
import { Beside } from "./faults/beside.ts";
import { FAULTS } from "./faults/faults.ts";
import { table } from "./faults/table.ts";
import { type Result, tryFault } from "./faults/trial.ts";
import { World } from "./faults/world.ts";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { keepFaultLogs } from "./faults/logs.ts";

await orRefuse(async () => {
  refuseOtherDeno();
  const { wanted, seed, seeds } = readArguments(Deno.args.filter((argument) => argument !== "--"));
  console.log(`faults ${wanted.map(({ number }) => number).join(" ")} with seed ${seed}`);
  const results: Result[] = [];
  let world: World | undefined;
  const beside = wanted.length > 1 ? new Beside(wanted.filter(({ isIdle }) => isIdle), seed) : undefined;
  const stop = () => void Promise.all([world?.close(), beside?.close()]).finally(() => Deno.exit(130));
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, stop);
  try {
    for (const fault of wanted) {
      for (let next = seed; next < seed + (seeds ?? fault.seeds ?? 1); next++) {
        const waited = next === seed ? beside?.of(fault) : undefined;
        const result = await (waited ?? tryFault(world ??= await World.start(), fault, next));
        results.push(result);
        say(result);
        const shop = waited ? beside?.world : world;
        if (result.violations.length === 0 || !shop) continue;
        keepFaultLogs(shop, fault.number);
        if (waited) continue;
        // What is broken stays broken: the next fault gets a shop of its own.
        await shop.close();
        world = undefined;
      }
    }
  } finally {
    await Promise.all([world?.close(), beside?.close()]);
  }
  console.log(`\n${table(results)}`);
  return results.some(({ violations }) => violations.length > 0) ? 1 : 0;
});

function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: { seed: { type: "string" }, seeds: { type: "string" } },
    allowPositionals: true,
  });
  const numbers = positionals.map(Number);
  const unknown = numbers.find((number) => !FAULTS.some((fault) => fault.number === number));
  if (unknown !== undefined) {
    const known = FAULTS.map(({ number }) => number).join(", ");
    throw new Refusal(`Cannot try fault ${unknown} as there are only: ${known}.`);
  }
  const wanted = FAULTS.filter(({ number }) => numbers.length === 0 || numbers.includes(number));
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
  return { wanted, seed, seeds: values.seeds === undefined ? undefined : Number(values.seeds) };
}

function say({ number, title, seed, operations, acknowledged, violations, seconds, notes }: Result): void {
  const how = violations.length ? "BROKEN" : "holds";
  const said = notes.length ? ` (${notes.join("; ")})` : "";
  console.log(
    `${number} ${title}: ${how}, ${operations} operations, ${acknowledged} acknowledged, ${
      seconds.toFixed(1)
    } s${said}`,
  );
  for (const violation of violations) console.log(`    ${violation}`);
  if (violations.length) console.log(`    again: deno task faults ${number} --seed ${seed}`);
}
