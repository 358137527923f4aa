import { Redis } from "ioredis";
import { join } from "node:path";
import pg from "pg";
import { type Environment, type Process, type ProcessName, SERVICES } from "../processes.ts";
import { delay } from "../shop/children.ts";
import { findPort } from "../shop/ports.ts";
import { startPostgres } from "../shop/postgres.ts";
import { startRedis } from "../shop/redis.ts";
import { randomText } from "../shop/secrets.ts";
import { readSettings } from "../shop/settings.ts";
import { Shop } from "../shop/shop.ts";
import type { Supervised, Watcher } from "../shop/supervisor.ts";
import { Proxy } from "./proxy.ts";
import { Undertaker } from "./undertaker.ts";

/** What faults happen to, and what must be well before and after. */
const WATCHED: readonly ProcessName[] = [...SERVICES, "gateway"];

/** The neighbours that are reached through a proxy too. */
const PROXIED: readonly string[] = ["product", "payment"];

/** A whole shop, as `deno task start` runs it, with a proxy before everything that can be made to fail. */
export class World {
  readonly neighbours = new Map<string, Proxy>();
  /** The environment of each process, as it was started with. */
  readonly environments = new Map<ProcessName, Environment>();
  readonly #closing: (() => Promise<void> | void)[] = [];
  readonly operator = { email: "operator@nano.test", password: randomText(16) };
  postgres!: Proxy;
  redis!: Proxy;
  /** The owner's connections, past the proxies. */
  owner!: pg.Pool;
  ownerUrl = "";
  /** Whether anything was tried here before. */
  isWarm = false;
  #superuserUrl = "";
  cache!: Redis;
  shop!: Shop;
  #server!: Supervised;

  private constructor(readonly folder: string) {}

  /** Starts it on a folder of its own; `deaths` hears of every process that ended by itself. */
  static async start(deaths: (line: string) => void = () => {}): Promise<World> {
    const folder = Deno.makeTempDirSync({ prefix: "nano-faults-" });
    Deno.chmodSync(folder, 0o711);
    const world = new World(folder);
    world.#closing.push(() => Deno.removeSync(folder, { recursive: true }));
    try {
      await world.#start(deaths);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  get gateway(): string {
    return this.shop.gateway;
  }

  async #start(deaths: (line: string) => void): Promise<void> {
    const { folder, operator } = this;
    const undertaker = new Undertaker();
    this.#closing.push(() => undertaker.close());
    const started = (name: string, pid: number) => undertaker.started(name, pid);
    const watcher: Watcher = { started, died: (name, how) => deaths(`${name} ended (${how})`) };
    const adopt = (server: Supervised) => void this.#closing.push(() => server.stop());
    const options = { dataDir: folder, logDir: folder, password: randomText(24), watcher, adopt, say: () => {} };
    const postgres = await startPostgres({ ...options, durable: true });
    const redis = await startRedis(options);
    if (!redis) throw new Error("Cannot try faults as there is no redis-server on PATH.");
    this.#server = postgres.server;
    this.ownerUrl = postgres.url;
    this.#superuserUrl = postgres.url.replace("//nano:", "//postgres:");
    this.postgres = this.#proxy(postgres.url);
    this.redis = this.#proxy(redis.url);
    this.owner = new pg.Pool({ connectionString: postgres.url, max: 4 });
    this.owner.on("error", () => {});
    this.cache = new Redis(redis.url, { maxRetriesPerRequest: 1 });
    this.cache.on("error", () => {});
    this.#closing.push(() => this.owner.end(), () => this.cache.disconnect());
    const settings = readSettings({
      DATABASE_URL: through(this.postgres, postgres.url),
      REDIS_URL: through(this.redis, redis.url),
      DATA_DIR: join(folder, "shop"),
      GATEWAY_PORT: String(findPort()),
      ADMIN_PORT: String(findPort()),
      ADMIN_EMAIL: operator.email,
      ADMIN_PASSWORD: operator.password,
      RATE_LIMIT_SCALE: "0",
      // So that fault 26 need not wait long, nor open many.
      CONNECTION_LIMIT: "1500",
      CONNECTION_IDLE_SECONDS: "12",
      SEED: "none",
    });
    const stop = new AbortController();
    this.shop = new Shop(settings, {
      say: (line) => /ended \(/.test(line) && deaths(line),
      signal: stop.signal,
      adapt: (process, environment) => this.#adapt(process, environment),
      started,
    });
    this.#closing.push(() => this.shop.stop());
    await this.shop.start();
  }

  #proxy(url: string): Proxy {
    const { hostname, port } = new URL(url);
    const proxy = new Proxy({ hostname, port: Number(port) });
    this.#closing.push(() => proxy.close());
    return proxy;
  }

  #adapt(process: Process, environment: Environment): Environment {
    const changed: Record<string, string> = {
      ...environment,
      ...(WATCHED.includes(process.name) ? { FAILPOINTS: "on" } : {}),
    };
    for (const [name, address] of Object.entries(environment)) {
      const neighbour = /^(\w+)_SERVICE_URL$/.exec(name)?.[1]?.toLowerCase() ?? "";
      if (!PROXIED.includes(neighbour)) continue;
      const known = this.neighbours.get(neighbour);
      // The services may have moved to other ports while they started.
      const proxy = known && address.endsWith(`:${known.target.port}`) ? known : this.#proxy(`tcp://${address}`);
      this.neighbours.set(neighbour, proxy);
      changed[name] = `127.0.0.1:${proxy.port}`;
    }
    this.environments.set(process.name, changed);
    return changed;
  }

  neighbour(name: string): Proxy {
    const proxy = this.neighbours.get(name);
    if (!proxy) throw new Error(`Cannot find a proxy before "${name}".`);
    return proxy;
  }

  /** Sets a running process's failpoints. */
  async arm(process: ProcessName, list: string): Promise<void> {
    await this.#http(process, "/failpoints", { method: "POST", body: list });
  }

  /** How often a process passed each of its failpoints since they were last set. */
  async hits(process: ProcessName): Promise<Record<string, number>> {
    return JSON.parse(await this.#http(process, "/failpoints"));
  }

  /** kill -9. It is started again at once. */
  kill(process: ProcessName): void {
    const supervised = this.shop.process(process);
    supervised.wake();
    if (supervised.pid) Deno.kill(supervised.pid, "SIGKILL");
  }

  /** Stops and restarts a process as a deployment does. */
  restart(process: ProcessName): void {
    const supervised = this.shop.process(process);
    supervised.wake();
    if (supervised.pid) Deno.kill(supervised.pid, "SIGTERM");
  }

  /** Ends PostgreSQL as a crash does (`immediate`); its supervisor starts it again. */
  crashPostgres(): void {
    this.#server.wake();
    if (this.#server.pid) Deno.kill(this.#server.pid, "SIGQUIT");
  }

  /** Changes a setting of PostgreSQL itself. */
  async setPostgres(name: string, value: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    await client.query(`alter system set ${name} = ${pg.escapeLiteral(value)}`);
    await client.query("select pg_reload_conf()");
    await client.end();
  }

  /** Waits until a process has ended by a failpoint, at most so long; tells whether it has. */
  async died(process: ProcessName, deaths: number, milliseconds: number): Promise<boolean> {
    const supervised = this.shop.process(process);
    for (const end = Date.now() + milliseconds; Date.now() < end; await delay(20)) {
      if (supervised.deaths > deaths) {
        supervised.wake();
        return true;
      }
    }
    return false;
  }

  /** Takes every fault back and waits until all processes are ready. */
  async heal(): Promise<void> {
    for (const proxy of [this.postgres, this.redis, ...this.neighbours.values()]) proxy.pass();
    for (const name of WATCHED) this.shop.process(name).wake();
    await this.ready();
    await Promise.all(WATCHED.map((name) => this.arm(name, "on")));
  }

  async ready(): Promise<void> {
    for (const name of WATCHED) {
      for (const end = Date.now() + 60_000;; await delay(50)) {
        const ready = await this.#http(name, "/readyz").then(() => true, () => false);
        if (ready) break;
        if (Date.now() > end) throw new Error(`Cannot go on as ${name} was not ready after 60 s.`);
      }
    }
  }

  async close(): Promise<void> {
    for (let end = this.#closing.pop(); end; end = this.#closing.pop()) {
      await Promise.resolve(end()).catch((error) => console.error(`while closing: ${error}`));
    }
  }

  /** Where each process writes its log. */
  get logs(): string {
    return join(this.folder, "shop", "logs");
  }

  async #http(process: ProcessName, path: string, init: RequestInit = {}): Promise<string> {
    const port = this.environments.get(process)?.HTTP_PORT;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal: AbortSignal.timeout(3000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${process} answered ${response.status} to ${path}`);
    return text;
  }
}

/** The schemas of the durable jobs, one per service. */
export const JOB_SCHEMAS: readonly string[] = SERVICES.map((name) => `${name}_jobs`);

function through(proxy: Proxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = "127.0.0.1";
  changed.port = String(proxy.port);
  return changed.href;
}
