import { join } from "node:path";
import { delay } from "./children.ts";
import { Refusal } from "./refusal.ts";
import type { Supervised } from "./supervisor.ts";

const PATIENCE = 60_000;

/** Waits until a process answers its readiness address; one that ends three times, or stays silent, is refused. */
export async function untilReady(process: Supervised, url: string, logDir: string, signal: AbortSignal): Promise<void> {
  const { name } = process.spec;
  for (const deadline = Date.now() + PATIENCE; !await answers(url);) {
    signal.throwIfAborted();
    if (process.deaths >= 3 || Date.now() > deadline) {
      const why = process.deaths >= 3 ? "it ended three times" : `it was not ready after ${PATIENCE / 1000} s`;
      throw new Refusal(`Cannot start ${name} as ${why}; its log is ${join(logDir, `${name}.log`)}.`);
    }
    await delay(50);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
