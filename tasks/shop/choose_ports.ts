import { type Process, PROCESSES } from "../processes.ts";
import type { Ports } from "./plan.ts";
import { takeExactly, takePort } from "./ports.ts";
import { Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";

/** Chooses where each process listens: its usual ports, or free ones where taken; the public doors do not move. */
export function choosePorts(settings: Settings): Ports {
  const doors: Partial<Record<string, [variable: string, port: number]>> = {
    gateway: ["GATEWAY_PORT", settings.GATEWAY_PORT],
    admin: ["ADMIN_PORT", settings.ADMIN_PORT],
  };
  const choose = (process: Process) => {
    const [variable, port] = doors[process.name] ?? [];
    const main = variable && port ? door(variable, port, settings.HOST) : takePort(process.port);
    return { port: main, httpPort: takePort(process.httpPort) };
  };
  return Object.fromEntries(PROCESSES.map((process) => [process.name, choose(process)]));
}

/** Other free ports for all but the doors, which no outgoing connection can take. */
export function moveServices(ports: Ports): Ports {
  const isDoor = (name: string) => name === "gateway" || name === "admin";
  const move = ([name, own]: [string, Ports[string]]) =>
    [name, isDoor(name) ? own : { port: takePort(), httpPort: takePort() }] as const;
  return Object.fromEntries(Object.entries(ports).map(move));
}

function door(variable: string, port: number, hostname: string): number {
  if (takeExactly(port, hostname)) return port;
  throw new Refusal(`Cannot start as port ${port} is taken: stop what listens there, or set ${variable} to another.`);
}
