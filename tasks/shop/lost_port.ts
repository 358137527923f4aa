import type { Environment } from "../processes.ts";
import { isFree } from "./ports.ts";
import { Refusal } from "./refusal.ts";

/**
 * A port that was free when it was chosen, and then became another program's. The usual ports lie in the range that
 * systems give to outgoing connections, so this happens to about one start in seventy of a busy machine.
 */
export class LostPort extends Refusal {
  constructor(readonly process: string, readonly port: number) {
    super(`Cannot start ${process} as another program took its port ${port} meanwhile.`);
  }
}

/** The first port of a process, which does not run at the moment, that another program has. */
export function lostPort(name: string, { HOST, PORT, HTTP_PORT }: Environment): LostPort | undefined {
  const port = [Number(PORT), Number(HTTP_PORT)].find((port) => !isFree(port, HOST));
  return port === undefined ? undefined : new LostPort(name, port);
}
