/** `deno task stop`: ends the shop that runs on DATA_DIR as Ctrl-C would, or what a killed one left running. */
import { delay } from "./shop/children.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { lives, readRun, RunFile, runningShop } from "./shop/run_file.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readArguments } from "./shop/usage.ts";

/** A drain takes up to 20 s per stage in production. */
const PATIENCE = 90_000;

await orRefuse(async () => {
  readArguments();
  const { DATA_DIR } = readSettings(environmentWithFile());
  const run = readRun(DATA_DIR);
  if (run && !lives(run.starter)) await endLeftovers(DATA_DIR);
  else await endShop(runningShop(DATA_DIR).starter);
  console.log("stopped");
});

async function endShop(starter: { pid: number; born: string }): Promise<void> {
  Deno.kill(starter.pid, "SIGTERM");
  for (const deadline = Date.now() + PATIENCE; lives(starter); await delay(50)) {
    if (Date.now() > deadline) {
      throw new Refusal(`Process ${starter.pid} still runs ${PATIENCE / 1000} s after it was told to stop.`);
    }
  }
}

async function endLeftovers(dataDir: string): Promise<void> {
  const file = new RunFile(dataDir);
  await file.endLeftovers(console.log);
  file.close();
}
