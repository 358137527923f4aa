import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import pg from "pg";
import { smokePurchase } from "../deploy/smoke.ts";
import { ROOT } from "../deploy/render.ts";
import { migrate } from "../migrate.ts";
import { SERVICES } from "../processes.ts";
import { createRest } from "../seed/rest.ts";
import { randomText } from "../shop/secrets.ts";
import { checkOutPreviousRelease } from "./old_release.ts";
import { ReleaseProcesses } from "./processes_testing.ts";

const NEW = join(ROOT, "db/migrations");

/** An upgrade as a deploy makes it: the schema first, while the pods of the release before go on selling. */
describe("an upgrade from the previous release", () => {
  const folder = Deno.makeTempDirSync({ prefix: "nano-upgrade-" });
  const database = `upgrade_${randomText(8).toLowerCase()}`;
  const secret = randomText(48);
  const maintenance = Deno.env.get("TEST_DATABASE_URL") ?? "";
  const url = new URL(maintenance);
  url.pathname = `/${database}`;
  const running: ReleaseProcesses[] = [];
  let old: ReleaseProcesses;
  let next: ReleaseProcesses;
  const start = async (root: string, name: string) => {
    Deno.mkdirSync(join(folder, name));
    const release = await ReleaseProcesses.start(root, join(folder, name), url.href, secret);
    running.push(release);
    return release;
  };

  before(async () => {
    await sql(`create database ${database}`);
    const root = await checkOutPreviousRelease(join(folder, "previous"));
    await migrate(url.href, secret, { directory: join(root, "db/migrations") });
    old = await start(root, "old");
    next = await start(ROOT, "next");
    await old.ready();
    await stockSomething(old.gateway);
  });
  after(async () => {
    await Promise.all(running.map((release) => release.stop()));
    await sql(`drop database if exists ${database} with (force)`);
    await Deno.remove(folder, { recursive: true });
  });

  it("has new code wait, alive but not ready, for the schema that it needs", async () => {
    const behind = SERVICES.filter((name) => count(NEW, name) > count(join(folder, "previous/db/migrations"), name));
    for (const name of behind) {
      await next.alive(name);
      expect([name, await next.isReady(name)]).toEqual([name, false]);
    }
    expect(next.deaths).toBe(0);
  });

  it("lets old code sell on the new schema, after every step to it", async () => {
    expect(await smokePurchase(old.gateway)).toMatchObject({ bought: true });
    for (const directory of steps(join(folder, "previous/db/migrations"), join(folder, "steps"))) {
      await migrate(url.href, secret, { directory });
      expect(await smokePurchase(old.gateway)).toMatchObject({ bought: true });
    }
  });

  it("lets new code take over without a restart, beside the old", async () => {
    await next.ready();
    expect(await smokePurchase(next.gateway)).toMatchObject({ bought: true });
    expect(await smokePurchase(old.gateway)).toMatchObject({ bought: true });
    expect([old.deaths, next.deaths]).toEqual([0, 0]);
  });

  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: maintenance });
    await client.connect();
    await client.query(text);
    await client.end();
  }
});

async function stockSomething(gateway: string): Promise<void> {
  const rest = createRest(gateway);
  const operator = { email: "operator@nano.test", password: "correct horse 42 battery" };
  const { access_token: token } = await rest.call<{ access_token: string }>({}, "POST", "/auth/login", operator);
  await rest.call({ token }, "POST", "/products", {
    name: "A thing",
    sku: "THING",
    price: 1200,
    stock: 100,
    status: "active",
  });
  rest.close();
}

function count(directory: string, service: string): number {
  return names(directory, service).length;
}

function names(directory: string, service: string): string[] {
  return [...Deno.readDirSync(join(directory, service))].map(({ name }) => name).filter((name) => name.endsWith(".sql"))
    .sort();
}

/** Folders of migrations, each with one more file of each service than the one before, the last with all. */
function* steps(from: string, to: string): Generator<string> {
  const longest = Math.max(...SERVICES.map((service) => count(NEW, service) - count(from, service)));
  for (let step = 1; step <= longest; step++) {
    const directory = join(to, String(step));
    for (const service of SERVICES) {
      Deno.mkdirSync(join(directory, service), { recursive: true });
      for (const name of names(NEW, service).slice(0, count(from, service) + step)) {
        Deno.copyFileSync(join(NEW, service, name), join(directory, service, name));
      }
    }
    yield directory;
  }
}
