/** `deno task test`, `deno task test:<group>`, `deno task test -- <part of a path>…`: real servers, then the tests. */
import { fileURLToPath } from "node:url";
import { refuseOtherDeno } from "./shop/deno_version.ts";
import { orRefuse, Refusal } from "./shop/refusal.ts";
import { findChromium } from "./test/chromium.ts";
import { type Group, groupOf, GROUPS, testFiles } from "./test/files.ts";
import type { Counts } from "./test/report.ts";
import { runGroup } from "./test/run_group.ts";
import { startTestShop, type TestShop } from "./test/shop.ts";
import { keepLogs, testFolder, TestServers } from "./test/servers.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Aborted by a signal: what runs is ended, nothing more is begun. */
const stop = new AbortController();

/** What is running, to be ended whatever happens, the last first. */
const running: (() => Promise<void> | void)[] = [];

await orRefuse(async () => {
  refuseOtherDeno();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(name, () => stop.abort());
  const folder = testFolder();
  running.push(() => Deno.removeSync(folder, { recursive: true }));
  try {
    const { passed, failed } = await testAll(Deno.args.filter((argument) => argument !== "--"), folder);
    if (failed) keepLogs(folder, ROOT);
    await endAll();
    if (stop.signal.aborted) return 130;
    console.log(`${passed} passed, ${failed} failed`);
    return failed ? 1 : 0;
  } finally {
    await endAll();
  }
});

async function testAll(args: readonly string[], folder: string): Promise<Counts> {
  const groups = GROUPS.filter((group) => args.includes(group));
  const filters = args.filter((argument) => !groups.includes(argument as Group));
  const files = Map.groupBy(testFiles(ROOT, filters), (path) => groupOf(path));
  const wanted = (groups.length ? groups : GROUPS).filter((group) => files.has(group));
  if (filters.length && !wanted.length) throw new Refusal(`Cannot test as no test file is like: ${filters.join(" ")}`);

  const servers = wanted.some((group) => group !== "unit" && group !== "basic")
    ? await TestServers.start(folder, (server) => running.push(() => server.stop()))
    : undefined;
  const environment: Record<string, string> = { ...servers?.environment };
  const sum = { passed: 0, failed: 0 };
  let shop: TestShop | null | undefined;
  for (const group of wanted) {
    if (stop.signal.aborted) break;
    const paths = files.get(group) ?? [];
    const needsShop = group === "api" || group === "browser";
    if (needsShop && servers && shop === undefined) shop = await shopOrNot(servers, folder);
    Object.assign(environment, shop?.environment);
    if (group === "browser") environment.TEST_CHROMIUM = await findChromium();
    const counts = needsShop && shop === null
      ? { passed: 0, failed: paths.length }
      : await runGroup(group, paths, { root: ROOT, folder, environment, signal: stop.signal });
    sum.passed += counts.passed;
    sum.failed += counts.failed;
  }
  return sum;
}

/** The shop for the REST and browser tests; null, after saying why, when it does not start: then each of their files has failed. */
async function shopOrNot(servers: TestServers, folder: string): Promise<TestShop | null> {
  try {
    const shop = await startTestShop(servers, folder, stop.signal);
    running.push(() => shop.stop());
    return shop;
  } catch (error) {
    console.log(`The shop did not start: ${error instanceof Refusal ? error.message : error}`);
    return null;
  }
}

async function endAll(): Promise<void> {
  for (let end = running.pop(); end; end = running.pop()) await end();
}
