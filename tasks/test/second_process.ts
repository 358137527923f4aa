import { join } from "node:path";
import { denoArguments, type Environment, isTelemetry, type ProcessName, processNamed } from "../processes.ts";
import { baseEnvironment, delay } from "../shop/children.ts";
import { LogFile } from "../shop/log_file.ts";
import { findPort } from "../shop/ports.ts";
import { Supervised } from "../shop/supervisor.ts";

/** One more of a process of the tests' shop. */
export interface SecondProcess {
  /** host:port of what it serves. */
  readonly address: string;
  /** Its metrics, as text. */
  metrics(): Promise<string>;
  /** What it has logged so far, a line each. */
  log(): string[];
  stop(): Promise<void>;
}

/** Starts one more of a process beside the shop that API tests share, in changed surroundings, and waits for it. */
export async function startSecond(name: ProcessName, change: Environment = {}): Promise<SecondProcess> {
  const all = JSON.parse(Deno.env.get("TEST_SHOP_ENVIRONMENTS") ?? "{}") as Record<string, Environment>;
  const [port, httpPort] = [findPort(), findPort()];
  // As shipped: without the tests' tracing, which has its price.
  const usual = Object.entries(all[name] ?? {}).filter(([variable]) => !isTelemetry(variable));
  const environment: Environment = {
    ...Object.fromEntries(usual),
    PORT: String(port),
    HTTP_PORT: String(httpPort),
    ...change,
  };
  const path = join(Deno.env.get("TEST_SHOP_FOLDER") ?? "", `second-${name}-${port}.log`);
  const log = new LogFile(path);
  const process = new Supervised({
    name,
    command: {
      program: Deno.execPath(),
      args: denoArguments(processNamed(name), environment),
      env: { ...baseEnvironment(), ...environment },
    },
    output: { log },
  }, { started: () => {}, died: () => {} });
  const ask = (path: string) => fetch(`http://127.0.0.1:${httpPort}${path}`);
  const stop = async () => {
    await process.stop();
    log.close();
  };
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
    const answer = await ask("/readyz").catch(() => undefined);
    await answer?.body?.cancel();
    if (!answer?.ok) continue;
    return {
      address: `127.0.0.1:${port}`,
      metrics: async () => await (await ask("/metrics")).text(),
      log: () => Deno.readTextFileSync(path).split("\n").filter(Boolean),
      stop,
    };
  }
  await stop();
  throw new Error(`Cannot go on as a second ${name} was not ready after 60 s: ${path}`);
}
