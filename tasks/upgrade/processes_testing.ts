/** For tests only: the services and the gateway of one release, started one by one. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { denoArguments, Environment, Process } from "../processes.ts";
import { ROOT } from "../deploy/render.ts";
import { roleUrl } from "../roles.ts";
import { baseEnvironment, delay } from "../shop/children.ts";
import { LogFile } from "../shop/log_file.ts";
import { findPort } from "../shop/ports.ts";
import { Supervised } from "../shop/supervisor.ts";

/** What a release says of its processes. */
interface Table {
  readonly PROCESSES: readonly Process[];
  readonly denoArguments: typeof denoArguments;
}

/** Everything of a release but its console, on a database. */
export class ReleaseProcesses {
  readonly #ports = new Map<string, { port: number; httpPort: number }>();
  readonly #running: Supervised[] = [];
  readonly #logs: LogFile[] = [];

  private constructor(readonly root: string, readonly folder: string) {}

  /** Starts them; they need not become ready. */
  static async start(root: string, folder: string, ownerUrl: string, secret: string): Promise<ReleaseProcesses> {
    const release = new ReleaseProcesses(root, folder);
    const table: Table = await import(pathToFileURL(join(root, "tasks/processes.ts")).href);
    const processes = table.PROCESSES.filter(({ name }) => name !== "admin");
    for (const { name } of processes) release.#ports.set(name, { port: findPort(), httpPort: findPort() });
    for (const process of processes) {
      const environment = release.#environment(process, ownerUrl, secret);
      const log = new LogFile(join(folder, `${process.name}.log`));
      release.#logs.push(log);
      release.#running.push(
        new Supervised({
          name: process.name,
          command: {
            program: Deno.execPath(),
            // The packages are this release's.
            args: table.denoArguments(process, environment).map((word) =>
              word.replaceAll("./node_modules", join(ROOT, "node_modules"))
            ),
            env: { ...baseEnvironment(), ...environment },
            cwd: root,
          },
          output: { log },
        }, { started: () => {}, died: () => {} }),
      );
    }
    return release;
  }

  get gateway(): string {
    return `http://127.0.0.1:${this.#ports.get("gateway")?.port}`;
  }

  /** How often any of them ended by itself. */
  get deaths(): number {
    return this.#running.reduce((sum, { deaths }) => sum + deaths, 0);
  }

  /** Whether a process takes requests. */
  async isReady(name: string): Promise<boolean> {
    const url = `http://127.0.0.1:${this.#ports.get(name)?.httpPort}/readyz`;
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  }

  /** Waits until a process is alive, ready or not. */
  async alive(name: string): Promise<void> {
    await this.#until(name, "healthz");
  }

  async ready(): Promise<void> {
    for (const name of this.#ports.keys()) await this.#until(name, "readyz");
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((process) => process.stop()));
    for (const log of this.#logs) log.close();
  }

  async #until(name: string, path: string): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports.get(name)?.httpPort}/${path}`;
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(100)) {
      const answer = await fetch(url).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
    }
    const log = Deno.readTextFileSync(join(this.folder, `${name}.log`)).slice(-2000);
    throw new Error(`${name} of ${this.root} did not answer /${path}:\n${log}`);
  }

  #environment(process: Process, ownerUrl: string, secret: string): Environment {
    const { port, httpPort } = this.#ports.get(process.name) ?? process;
    const addresses = [...this.#ports].map(([name, { port }]) =>
      [`${name.toUpperCase()}_SERVICE_URL`, `127.0.0.1:${port}`] as const
    );
    return {
      ENVIRONMENT: "development",
      HOST: "127.0.0.1",
      PORT: String(port),
      HTTP_PORT: String(httpPort),
      ...(process.database ? { DATABASE_URL: roleUrl(ownerUrl, process.name as "user", secret) } : {}),
      ...Object.fromEntries(
        addresses.filter(([name]) => process.neighbours.some((to) => name.startsWith(`${to.toUpperCase()}_`))),
      ),
      JWT_SECRET: `${secret}-of-tokens`,
      ADMIN_EMAIL: "operator@nano.test",
      ADMIN_PASSWORD: "correct horse 42 battery",
      RATE_LIMIT_SCALE: "0",
    };
  }
}
