import { join } from "node:path";
import type { World } from "./world.ts";

/** Keeps the logs of a shop in which something broke: its folder goes away. */
export function keepFaultLogs(world: World, number: number): void {
  const kept = join(".nano-test", `fault-${number}`);
  Deno.mkdirSync(kept, { recursive: true });
  for (const { name } of Deno.readDirSync(world.logs)) Deno.copyFileSync(join(world.logs, name), join(kept, name));
  console.log(`    logs: ${kept}`);
}
