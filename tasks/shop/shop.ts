import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureCertificates } from "../certs/ensure.ts";
import { refuseWithoutOperator } from "../database/operator.ts";
import { migrate } from "../migrate.ts";
import { denoArguments, type Environment, type Process } from "../processes.ts";
import { seed } from "../seed.ts";
import { buildAdmin } from "./build_admin.ts";
import { baseEnvironment } from "./children.ts";
import { choosePorts, moveServices } from "./choose_ports.ts";
import { LostPort, lostPort } from "./lost_port.ts";
import { environments, mailFolder, operatorOf, type Ports, reachable, seedKind } from "./plan.ts";
import { startPostgres } from "./postgres.ts";
import { untilReady } from "./ready.ts";
import { startRedis } from "./redis.ts";
import { RunFile } from "./run_file.ts";
import { developmentSecrets } from "./secrets.ts";
import { serviceOutput } from "./service_output.ts";
import type { Settings } from "./settings.ts";
import { Supervised, type Watcher } from "./supervisor.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** So often the services are started on other ports, where another program took one of theirs meanwhile. */
const MOST_MOVES = 2;

type Row = [process: Process, environment: Environment];

/** What a shop tells while it starts, and how a test changes it. */
export interface ShopOptions {
  readonly say: (line: string) => void;
  /** Aborted: what is started so far is stopped, and start() throws. */
  readonly signal: AbortSignal;
  /** What a test changes of a process's environment: the addresses of proxies, failpoints. */
  readonly adapt?: (process: Process, environment: Environment) => Environment;
  /** Told of each process that is started. */
  readonly started?: (name: string, pid: number) => void;
  /** The folder in which each process leaves a V8 CPU profile, `<name>.cpuprofile`, as it ends. */
  readonly profiles?: string;
}

/** Everything that `deno task start` runs: servers, services, gateway and admin, each supervised. */
export class Shop {
  /** In the order of starting; stopped stage by stage from the last. */
  readonly #stages: Supervised[][] = [];
  readonly #logDir: string;
  readonly #watcher: Watcher;
  readonly #runFile: RunFile;
  /** Where customers and consoles find it. */
  readonly gateway: string;
  /** Where operators find their console. */
  readonly admin: string;
  /** Where each process, by its name, serves health and metrics; known once it starts. */
  health: Readonly<Record<string, string>> = {};

  /** Takes the data directory, or refuses when a shop is running on it. */
  constructor(readonly settings: Settings, readonly options: ShopOptions) {
    Deno.mkdirSync(settings.DATA_DIR, { recursive: true });
    this.#runFile = new RunFile(settings.DATA_DIR);
    this.#logDir = join(settings.DATA_DIR, "logs");
    Deno.mkdirSync(this.#logDir, { recursive: true, mode: 0o700 });
    const mails = mailFolder(settings);
    if (mails) Deno.mkdirSync(mails, { recursive: true, mode: 0o700 });
    this.gateway = `http://${reachable(settings.HOST)}:${settings.GATEWAY_PORT}`;
    this.admin = `http://${reachable(settings.HOST)}:${settings.ADMIN_PORT}`;
    this.#watcher = {
      started: (name, pid) => {
        this.#runFile.started(name, pid);
        options.started?.(name, pid);
      },
      died: (name, how, wait) => options.say(`${name} ended (${how}); starting it again in ${wait} ms`),
    };
  }

  /** Starts all; what fails on the way stops what is up and is thrown. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Drains gateway and admin, then the services, then stops Redis and PostgreSQL. */
  async stop(): Promise<void> {
    for (const stage of this.#stages.toReversed()) await Promise.all(stage.map((process) => process.stop()));
    this.#runFile.close();
  }

  /** One of what it runs, by name. */
  process(name: string): Supervised {
    const found = this.#stages.flat().find(({ spec }) => spec.name === name);
    if (!found) throw new Error(`Cannot find process "${name}" in this shop.`);
    return found;
  }

  /** Ends all at once. */
  kill(): void {
    for (const process of this.#stages.flat()) process.kill();
    this.#runFile.close();
  }

  async #start(): Promise<void> {
    const { settings, options: { say, signal } } = this;
    await this.#runFile.endLeftovers(say);
    const ports = choosePorts(settings);
    if (settings.TLS_DIR) await ensureCertificates(settings.TLS_DIR, settings.ENVIRONMENT, say);
    const servers = await this.#startServers();
    signal.throwIfAborted();
    say("preparing the database");
    await this.#prepareDatabase(servers.direct, servers.roleSecret);
    signal.throwIfAborted();
    const { adapt = (_process: Process, environment: Environment) => environment } = this.options;
    const plan = { ...servers, settings };
    const rowsAt = (ports: Ports): Row[] =>
      [...environments({ ...plan, ports })].map(([process, own]) => [process, adapt(process, own)]);
    const doors = await this.#startServices(ports, rowsAt);
    await buildAdmin(say, signal);
    await this.#startStage("gateway and admin", doors);
    await this.#seed();
    this.#runFile.set({
      gateway: this.gateway,
      admin: this.admin,
      database: servers.direct,
      health: this.health,
      ...(servers.redis ? { redis: servers.redis } : {}),
    });
  }

  /** PostgreSQL and Redis, the user's or our own, and the secrets that go with them. */
  async #startServers() {
    const { settings, options: { say } } = this;
    const secrets = settings.ENVIRONMENT === "development" ? developmentSecrets(settings.DATA_DIR) : undefined;
    const redisStarting = this.#redis();
    const database = await this.#postgres().finally(() => Promise.allSettled([redisStarting]));
    const redis = await redisStarting;
    if (!redis) say("no Redis: running uncached");
    return {
      database,
      /** Past a PgBouncer, as migrations hold locks. */
      direct: settings.DATABASE_DIRECT_URL ?? database,
      redis,
      roleSecret: settings.DATABASE_ROLE_SECRET ?? secrets?.DATABASE_ROLE_SECRET ?? "",
      jwtSecret: settings.JWT_SECRET ?? secrets?.JWT_SECRET ?? "",
    };
  }

  async #postgres(): Promise<string> {
    const { settings, options: { say } } = this;
    if (settings.DATABASE_URL) return settings.DATABASE_URL;
    say("starting PostgreSQL");
    return (await startPostgres({ ...this.#serverOptions(), durable: true })).url;
  }

  async #redis(): Promise<string | undefined> {
    const { settings } = this;
    if (settings.REDIS_URL) return settings.REDIS_URL === "off" ? undefined : settings.REDIS_URL;
    return (await startRedis({ ...this.#serverOptions(), say: this.options.say }))?.url;
  }

  #serverOptions() {
    const { DATA_DIR: dataDir } = this.settings;
    const { SERVER_PASSWORD: password } = developmentSecrets(dataDir);
    const adopt = (server: Supervised) => this.#stage(0, server);
    return { dataDir, logDir: this.#logDir, password, watcher: this.#watcher, adopt };
  }

  async #prepareDatabase(ownerUrl: string, roleSecret: string): Promise<void> {
    const { settings, options: { say: log } } = this;
    await migrate(ownerUrl, roleSecret, { log });
    const { ENVIRONMENT: environment } = settings;
    if (environment === "production" && !operatorOf(settings)) await refuseWithoutOperator(ownerUrl);
  }

  /** The demo is a convenience: what keeps it from being filled in is said, and the shop runs without. */
  async #seed(): Promise<void> {
    const { settings, options: { say: log } } = this;
    const operator = operatorOf(settings);
    if (seedKind(settings) === "none" || !operator) return;
    const { email: adminEmail, password: adminPassword } = operator;
    await seed({ gatewayUrl: this.gateway, adminEmail, adminPassword, log }).catch((error) =>
      log(`the demo is not complete: ${error.message}`)
    );
  }

  /** Starts the services, on other ports where need be, and gives what is to be started after them. */
  async #startServices(ports: Ports, rowsAt: (ports: Ports) => Row[]): Promise<Row[]> {
    const { say } = this.options;
    for (let moves = 0;; moves++) {
      const rows = rowsAt(ports);
      this.health = Object.fromEntries(
        rows.map(([{ name }, { HOST = "", HTTP_PORT }]) => [name, `http://${reachable(HOST)}:${HTTP_PORT}`]),
      );
      const isDoor = ([{ name }]: Row) => name === "gateway" || name === "admin";
      try {
        await this.#startStage("services", rows.filter((row) => !isDoor(row)), true);
        return rows.filter(isDoor);
      } catch (error) {
        if (!(error instanceof LostPort) || moves === MOST_MOVES) throw error;
        say(`another program took port ${error.port} of ${error.process}; starting the services again on other ports`);
        await Promise.all((this.#stages.pop() ?? []).map((process) => process.stop()));
        ports = moveServices(ports);
      }
    }
  }

  /** `movable`: a port that another program took ends the start of the stage at once, by LostPort. */
  async #startStage(name: string, rows: Row[], movable = false): Promise<void> {
    const { say } = this.options;
    let starting = true;
    const failed = new AbortController();
    const signal = AbortSignal.any([this.options.signal, failed.signal]);
    say(`starting ${name}`);
    const stage = this.#stages.length;
    const ready = Promise.all(rows.map(([process, environment]) => {
      const died: Watcher["died"] = (name, how, wait) => {
        const lost = starting && movable ? lostPort(name, environment) : undefined;
        if (lost) failed.abort(lost);
        else this.#watcher.died(name, how, wait);
      };
      const supervised = new Supervised({
        name: process.name,
        command: {
          program: Deno.execPath(),
          args: profiled(denoArguments(process, environment), process.name, this.options.profiles),
          env: { ...baseEnvironment(), ...environment },
          cwd: ROOT,
        },
        output: serviceOutput(this.#logDir, process.name, say),
      }, { ...this.#watcher, died });
      this.#stage(stage, supervised);
      const host = reachable(environment.HOST ?? "");
      return untilReady(supervised, `http://${host}:${environment.HTTP_PORT}/readyz`, this.#logDir, signal);
    }));
    try {
      await ready;
    } catch (error) {
      failed.abort(error);
      throw error;
    } finally {
      starting = false;
    }
  }

  #stage(index: number, process: Supervised): void {
    (this.#stages[index] ??= []).push(process);
  }
}

function profiled([run = "run", ...args]: string[], name: string, folder: string | undefined): string[] {
  return [run, ...(folder ? [`--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`] : []), ...args];
}
