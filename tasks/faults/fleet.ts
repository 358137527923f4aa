import { join } from "node:path";
import {
  denoArguments,
  type Environment,
  type NeighbourName,
  neighbourVariable,
  type Process,
  PROCESSES,
} from "../processes.ts";
import { baseEnvironment, delay } from "../shop/children.ts";
import { LogFile } from "../shop/log_file.ts";
import { findPort } from "../shop/ports.ts";
import { Supervised } from "../shop/supervisor.ts";
import type { World } from "./world.ts";

const MEMBERS = PROCESSES.filter(({ name }) => name !== "admin");

/** One of two of a process. */
interface Member {
  readonly process: Process;
  readonly environment: Environment;
  readonly log: LogFile;
  supervised: Supervised;
}

/** Two of every process but the console, on a world's servers, each knowing both of each neighbour: as a cluster runs them. */
export class Fleet {
  readonly #members: Member[];
  /** Those that ended without being asked to. */
  readonly deaths: string[] = [];

  private constructor(world: World) {
    const ports = new Map(MEMBERS.map(({ name }) => [name, [newPorts(), newPorts()]]));
    const both = (name: NeighbourName) => ports.get(name)?.map(({ PORT }) => `127.0.0.1:${PORT}`).join(",") ?? "";
    this.#members = MEMBERS.flatMap((process) =>
      (ports.get(process.name) ?? []).map((own, index) => {
        const neighbours = process.neighbours.map((name) => [neighbourVariable(name), both(name)]);
        const usual = world.environments.get(process.name) ?? {};
        const environment = { ...usual, ...Object.fromEntries(neighbours), ...own };
        const log = new LogFile(join(world.logs, `${process.name}-${index + 1}.log`));
        return { process, environment, log, supervised: this.#spawn(process, environment, log) };
      })
    );
  }

  /** Starts it and waits until all of it is ready. */
  static async start(world: World): Promise<Fleet> {
    const fleet = new Fleet(world);
    try {
      for (const member of fleet.#members) await ready(member);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  /** Where its two gateways are. */
  get gateways(): string[] {
    return this.#members.filter(({ process }) => process.name === "gateway")
      .map(({ environment }) => `http://127.0.0.1:${environment.PORT}`);
  }

  /** Stops and starts each, one after another, the next when the one before is ready again. */
  async roll(): Promise<void> {
    for (const member of this.#members) {
      await member.supervised.stop();
      member.supervised = this.#spawn(member.process, member.environment, member.log);
      await ready(member);
    }
  }

  async stop(): Promise<void> {
    const doors = this.#members.filter(({ process }) => process.name === "gateway");
    await Promise.all(doors.map(({ supervised }) => supervised.stop()));
    await Promise.all(this.#members.map(({ supervised }) => supervised.stop()));
    for (const { log } of this.#members) log.close();
  }

  #spawn(process: Process, environment: Environment, log: LogFile): Supervised {
    return new Supervised({
      name: process.name,
      command: {
        program: Deno.execPath(),
        args: denoArguments(process, environment),
        env: { ...baseEnvironment(), ...environment },
      },
      output: { log },
    }, { started: () => {}, died: (name, how) => void this.deaths.push(`${name} ended (${how})`) });
  }
}

function newPorts() {
  return { PORT: String(findPort()), HTTP_PORT: String(findPort()) };
}

async function ready({ process, environment }: Member): Promise<void> {
  const url = `http://127.0.0.1:${environment.HTTP_PORT}/readyz`;
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
  }
  throw new Error(`Cannot go on as a second ${process.name} was not ready after 60 s.`);
}
