import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { run } from "graphile-worker";
import { join } from "node:path";
import pg from "pg";
import { testDatabase } from "../services/shared/testing.ts";
import { migrate } from "./migrate.ts";
import { type ServiceName, SERVICES } from "./processes.ts";
import { databaseName, roleUrl } from "./roles.ts";
import { Refusal } from "./shop/refusal.ts";

const SECRET = "a secret of these tests, long enough to be one";

/** An empty database, and migrations of its own. */
async function emptyDatabase() {
  const maintenance = new pg.Client({ connectionString: Deno.env.get("TEST_DATABASE_URL") });
  await maintenance.connect();
  const name = `migrate_${crypto.randomUUID().slice(0, 8)}`;
  await maintenance.query(`create database ${name}`);
  const url = new URL(Deno.env.get("TEST_DATABASE_URL") ?? "");
  url.pathname = `/${name}`;
  const directory = await Deno.makeTempDir();
  return {
    url: url.href,
    directory,
    async write(path: string, sql: string) {
      await Deno.mkdir(join(directory, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(directory, path), sql);
    },
    migrate: () => migrate(url.href, SECRET, { directory }),
    async query(text: string, service?: ServiceName) {
      const client = new pg.Client({ connectionString: service ? roleUrl(url.href, service, SECRET) : url.href });
      await client.connect();
      return await client.query(text).finally(() => client.end());
    },
    async drop() {
      await maintenance.query(`drop database ${name} with (force)`);
      for (const service of SERVICES) await maintenance.query(`drop role if exists ${name}_${service}`);
      await maintenance.end();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  throw new Error("It was not refused.");
}

describe("migrate()", () => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>;
  before(async () => {
    database = await emptyDatabase();
    await database.write("cart/0001_carts.sql", "create table carts (id serial primary key, note text);");
    await database.write(
      "user/0001_users.sql",
      `create table users (id serial primary key, name text);
       create index users_name on users using gin (name gin_trgm_ops);
       create table audit (what text);
       revoke update, delete on audit from ${databaseName(database.url)}_user;`,
    );
  });
  after(() => database.drop());

  it("lets one of five at once work, and the others find nothing to do", async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => database.migrate()));
    expect(applied.filter((names) => names.length > 0)).toEqual([["user/0001_users", "cart/0001_carts"]]);
  });

  it("does nothing the second time, quickly", async () => {
    const began = Date.now();
    expect(await database.migrate()).toEqual([]);
    expect(Date.now() - began).toBeLessThan(1500);
  });

  it("gives a service its own tables, without naming their schema", async () => {
    await database.query("insert into carts (note) values ('mine')", "cart");
    const { rows } = await database.query("select note from carts", "cart");
    expect(rows).toEqual([{ note: "mine" }]);
  });

  it("keeps a service from the tables, jobs and schemas of others, and from making its own", async () => {
    for (
      const statement of [
        "select * from cart.carts",
        "select * from cart_jobs.jobs",
        "create table public.x ()",
        "create table x ()",
      ]
    ) {
      await expect(database.query(statement, "user")).rejects.toThrow(/permission denied/);
    }
  });

  it("does not give back on a later run what a migration revoked", async () => {
    await database.migrate();
    await database.query("insert into audit values ('once')", "user");
    await expect(database.query("delete from audit", "user")).rejects.toThrow(/permission denied/);
  });

  it("lets a service see, but not change, what was migrated", async () => {
    const { rows } = await database.query("select name from migrations", "cart");
    expect(rows).toEqual([{ name: "0001_carts" }]);
    await expect(database.query("delete from migrations", "cart")).rejects.toThrow(/permission denied/);
  });

  it("rolls a failing file back, names it, and goes on from it once mended", async () => {
    await database.write("cart/0002_broken.sql", "create table half ();\nselect nonsense;");
    expect(await refusal(database.migrate())).toMatch(/cart\/0002_broken\.sql failed in line 2: .*nonsense/);
    await expect(database.query("select from cart.half")).rejects.toThrow(/does not exist/);
    await database.write("cart/0002_broken.sql", "create table half ();");
    expect(await database.migrate()).toEqual(["cart/0002_broken"]);
  });

  it("refuses a file that changed after it was applied", async () => {
    await database.write("cart/0002_broken.sql", "create table half (); -- changed");
    expect(await refusal(database.migrate())).toMatch(/cart\/0002_broken\.sql was changed after it was applied/);
    await database.write("cart/0002_broken.sql", "create table half ();");
  });

  it("refuses a database that has a migration which the code does not know", async () => {
    await Deno.remove(join(database.directory, "cart/0002_broken.sql"));
    expect(await refusal(database.migrate())).toMatch(/migration cart\/0002_broken is newer than this code/);
  });

  it("refuses a login that may not make roles", async () => {
    const url = roleUrl(database.url, "cart", SECRET);
    expect(await refusal(migrate(url, SECRET))).toMatch(/may not make roles/);
  });

  it("refuses a server that is not there", async () => {
    expect(await refusal(migrate("postgres://nano:x@127.0.0.1:1/nano", SECRET))).toMatch(
      /^Cannot reach PostgreSQL at 127\.0\.0\.1:1 .*ECONNREFUSED/,
    );
  });
});

describe("put_job()", () => {
  for (const name of ["put_job", "event_jobs"]) {
    it(`is the same in each service, by ${name}.sql`, () => {
      const texts = SERVICES.map((service) => {
        const folder = new URL(`../db/migrations/${service}/`, import.meta.url);
        const file = [...Deno.readDirSync(folder)].find((file) => file.name.endsWith(`_${name}.sql`));
        return Deno.readTextFileSync(new URL(file?.name ?? "", folder));
      });
      expect(new Set(texts).size).toBe(1);
    });
  }
});

describe("the jobs schema", () => {
  it("lets a worker with the service's own role run a job", async () => {
    const database = await testDatabase("order");
    const done: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const runner = await run({
      pgPool: database.pool,
      schema: "order_jobs",
      noHandleSignals: true,
      crontab: "0 4 * * * greet",
      taskList: {
        greet: (payload) => {
          done.push(payload);
          resolve();
        },
      },
    });
    await database.pool.query("select order_jobs.add_job('greet', $1::json)", [JSON.stringify({ name: "world" })]);
    await promise;
    await runner.stop();
    await database.drop();
    expect(done).toEqual([{ name: "world" }]);
  });
});
