import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../migrate.ts";
import { denoArguments, type Environment, type ProcessName, processNamed } from "../../processes.ts";
import { baseEnvironment, delay } from "../../shop/children.ts";
import { findPort } from "../../shop/ports.ts";
import { developmentSecrets, randomText } from "../../shop/secrets.ts";
import { Client } from "../client.ts";
import type { Fault, Trial } from "../trial.ts";

/** Starts another of a shop's processes, whose log goes nowhere: a pipe that nobody holds, or a disk that is full. */
async function startMute(trial: Trial, name: ProcessName, changed: Environment, way: "closed" | "full") {
  const own = trial.world.environments.get(name) ?? {};
  const ports = { PORT: String(findPort()), HTTP_PORT: String(findPort()) };
  const environment = { ...own, ...ports, ...changed, LOG_LEVEL: "DEBUG" };
  const args = denoArguments(processNamed(name), environment);
  const command = way === "closed"
    ? new Deno.Command(Deno.execPath(), { args, ...spawning(environment), stdout: "piped" })
    : new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@" > /dev/full', Deno.execPath(), ...args],
      ...spawning(environment),
      stdout: "null",
    });
  const child = command.spawn();
  if (way === "closed") await child.stdout.cancel();
  let ended: Deno.CommandStatus | undefined;
  const end = child.status.then((status) => ended = status);
  const url = `http://127.0.0.1:${environment.HTTP_PORT}/readyz`;
  for (const limit = Date.now() + 15_000; Date.now() < limit && !ended; await delay(50)) {
    const ready = await fetch(url).then((response) => response.body?.cancel().then(() => response.ok), () => false);
    if (ready) break;
  }
  return {
    port: environment.PORT,
    alive: () => ended === undefined,
    stop: async () => {
      if (!ended) child.kill("SIGTERM");
      await Promise.race([end, delay(8_000)]);
      if (!ended) child.kill("SIGKILL");
      await end;
    },
  };
}

function spawning(environment: Environment) {
  const env = { ...baseEnvironment(), ...environment };
  return { env, clearEnv: true, stdin: "null", stderr: "null" } as const;
}

/** Shops at a gateway and an order service whose output goes nowhere. */
async function mute(trial: Trial, way: "closed" | "full"): Promise<void> {
  const order = await startMute(trial, "order", {}, way);
  const gateway = await startMute(trial, "gateway", { ORDER_SERVICE_URL: `127.0.0.1:${order.port}` }, way);
  const usual = trial.client;
  try {
    trial.client = new Client(`http://127.0.0.1:${gateway.port}`, usual.store, trial.tally);
    for (let person = 0; person < 5; person++) {
      const shopper = await trial.shopper();
      await shopper.add(trial.shelves[0]?.variant_id ?? "", 1);
      const placed = await shopper.order("tok_ok");
      trial.expect(placed?.paid === true, `nothing can be bought where stdout is ${way}`);
      // A fault that is logged as such.
      await trial.client.send({}, "GET", "/orders/not-an-id");
    }
    trial.expect(order.alive() && gateway.alive(), `a process died where stdout is ${way}`);
  } finally {
    // It goes; its shoppers go on at the usual one.
    trial.client.gateway = usual.gateway;
    trial.client = usual;
    await gateway.stop();
    await order.stop();
  }
}

/** The folder of migrations with one more that fails half-way. */
async function withBadMigration(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "nano-migrations-" });
  for (const service of Deno.readDirSync("db/migrations")) {
    if (!service.isDirectory) continue;
    Deno.mkdirSync(join(folder, service.name));
    for (const { name } of Deno.readDirSync(join("db/migrations", service.name))) {
      Deno.copyFileSync(join("db/migrations", service.name, name), join(folder, service.name, name));
    }
  }
  Deno.writeTextFileSync(join(folder, "order", "9999_half.sql"), "create table half_done (id int);\nselect 1 / 0;\n");
  return folder;
}

/** What goes wrong in running a shop: logs, disks, migrations. */
export const OPERATIONS: readonly Fault[] = [
  {
    number: 34,
    title: "stdout closed, log disk full",
    async run(trial) {
      await mute(trial, "closed");
      await mute(trial, "full");
      trial.expectNoServerErrors();
    },
  },
  {
    number: 35,
    title: "failing and concurrent migrations",
    async run(trial) {
      const { owner, ownerUrl, folder } = trial.world;
      const { DATABASE_ROLE_SECRET: secret } = developmentSecrets(join(folder, "shop"));
      await trial.load({ shoppers: 8, seconds: 4, users: 0 }, async () => {
        const again = await Promise.all([1, 2, 3].map(() => migrate(ownerUrl, secret)));
        trial.expect(again.flat().length === 0, `a migrated shop was migrated again: ${again.flat().join(", ")}`);
        const directory = await withBadMigration();
        const failed = await migrate(ownerUrl, secret, { directory }).then(() => undefined, (error: Error) => error);
        trial.expect(/9999_half\.sql failed/.test(failed?.message ?? ""), `a bad migration: ${failed?.message}`);
        const left = await trial.query(`select to_regclass('"order".half_done') as half`);
        trial.expect(left[0]?.half === null, "a migration that failed left half of itself");
        await Deno.remove(directory, { recursive: true });

        const name = `fresh_${randomText(8).toLowerCase()}`;
        await owner.query(`create database ${name}`);
        const fresh = new URL(ownerUrl);
        fresh.pathname = `/${name}`;
        const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(fresh.href, secret)));
        const working = applied.filter((names) => names.length > 0);
        trial.expect(working.length === 1, `${working.length} of four migrators worked instead of one`);
        const client = new pg.Client({ connectionString: fresh.href });
        await client.connect();
        const { rows: [row] } = await client.query(`select count(*)::int as stores from store.stores`);
        await client.end();
        trial.expect(row?.stores === 1, `a fresh database has ${row?.stores} stores instead of 1`);
        await owner.query(`drop database ${name} with (force)`);
      });
      trial.expectNoServerErrors();
    },
  },
];
