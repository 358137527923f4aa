import { join, resolve } from "node:path";
import { Redis } from "ioredis";
import { baseEnvironment, delay } from "./children.ts";
import { LogFile } from "./log_file.ts";
import { takePort } from "./ports.ts";
import { Supervised, type Watcher } from "./supervisor.ts";

/** A private Redis: a cache that nothing outlives. */
export interface PrivateRedis {
  readonly url: string;
  readonly server: Supervised;
}

/** How the private Redis is started. */
export interface RedisOptions {
  readonly dataDir: string;
  readonly logDir: string;
  readonly password: string;
  readonly watcher: Watcher;
  readonly say: (line: string) => void;
  /** Told of the server as soon as it exists. */
  readonly adopt?: (server: Supervised) => void;
}

/** Starts a redis-server of the shop's own; undefined where there is none and none can be installed. */
export async function startRedis(options: RedisOptions): Promise<PrivateRedis | undefined> {
  if (!await hasRedis() && !await installRedis(options.say)) return undefined;
  const port = takePort();
  const folder = resolve(options.dataDir, "redis");
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = join(folder, "redis.conf");
  // A file, as others can read a command line.
  Deno.writeTextFileSync(config, configuration(port, folder, options.password), { mode: 0o600 });
  const server = new Supervised({
    name: "redis",
    command: { program: "redis-server", args: [config], env: baseEnvironment() },
    output: { log: new LogFile(join(options.logDir, "redis.log")) },
  }, options.watcher);
  options.adopt?.(server);
  const url = `redis://:${options.password}@127.0.0.1:${port}/0`;
  if (await answers(url, server)) return { url, server };
  await server.stop();
  options.say(`redis-server did not start; its log is ${join(options.logDir, "redis.log")}`);
  return undefined;
}

const configuration = (port: number, folder: string, password: string) =>
  [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${folder}"`,
    "databases 64",
    'save ""',
    "appendonly no",
    "daemonize no",
    "maxmemory 128mb",
    "maxmemory-policy allkeys-lru",
    "",
  ].join("\n");

/** Whether redis-server is on PATH. */
async function hasRedis(): Promise<boolean> {
  return await succeeds("redis-server", ["--version"]);
}

/** Installs Debian's redis-server, as root where there is apt-get; says whether it is there now. */
async function installRedis(say: (line: string) => void): Promise<boolean> {
  if (Deno.uid() !== 0 || !await succeeds("apt-get", ["--version"])) return false;
  say("installing redis-server (once)");
  const install = ["install", "-y", "--no-install-recommends", "redis-server"];
  if (!await succeeds("apt-get", install)) {
    // A fresh image has no package lists.
    await succeeds("apt-get", ["update"]);
    await succeeds("apt-get", install);
  }
  return await hasRedis();
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args,
      // RUNLEVEL=1: the package must not start a server of its own.
      env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(180_000),
    }).output();
    return success;
  } catch {
    return false;
  }
}

async function answers(url: string, server: Supervised): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on("error", () => {});
  try {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline && server.deaths < 3;) {
      try {
        await client.connect();
        return await client.ping() === "PONG";
      } catch {
        await delay(50);
      }
    }
    return false;
  } finally {
    client.disconnect();
  }
}
