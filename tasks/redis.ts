/** `deno task redis [-- get key]`: a shell on the shop's cache: redis-cli where there is one, else a small one of our own. */
import { Redis } from "ioredis";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { runningShop } from "./shop/run_file.ts";
import { environmentWithFile, readSettings } from "./shop/settings.ts";
import { readLoop, runInTerminal } from "./shop/shell.ts";

await orRefuse(async () => {
  const settings = readSettings(environmentWithFile());
  const given = settings.REDIS_URL === "off" ? undefined : settings.REDIS_URL;
  const url = given ?? runningShop(settings.DATA_DIR).redis;
  if (!url) throw new Refusal("This shop runs without Redis.");
  const args = Deno.args.filter((argument) => argument !== "--");
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  const where = ["-h", hostname, "-p", port || "6379", "-n", pathname.slice(1) || "0"];
  if (username) where.push("--user", decodeURIComponent(username));
  if (protocol === "rediss:") where.push("--tls");
  // The password by the environment, as others can read a command line.
  const secret: Record<string, string> = password ? { REDISCLI_AUTH: decodeURIComponent(password) } : {};
  return await runInTerminal("redis-cli", [...where, ...args], secret) ?? await ownShell(url, args);
});

async function ownShell(url: string, args: readonly string[]): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  await redis.connect();
  try {
    const answer = async ([command = "", ...rest]: readonly string[]) =>
      JSON.stringify(await redis.call(command, ...rest), null, 1);
    if (args.length) console.log(await answer(args));
    else await readLoop("redis> ", () => true, (line) => answer(words(line)));
    return 0;
  } catch (error) {
    throw new Refusal(`error: ${error instanceof Error ? error.message : error}`);
  } finally {
    redis.disconnect();
  }
}

/** Splits a line at blanks, but within "quotes". */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((match) =>
    match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? ""
  );
}
