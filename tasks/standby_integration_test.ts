import { join } from "node:path";
import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import pg from "pg";
import { type ProductServiceServer, ProductServiceService } from "../proto/gen/nano/product/v1/product.ts";
import { createHandlers } from "../services/product/handlers.ts";
import { createReplica, type Replica } from "../services/product/replica.ts";
import { createRepository } from "../services/product/repository.ts";
import { admin, as, product, stranger, system, variant } from "../services/product/testing.ts";
import { connect, createServer, listen, stopServer } from "../services/shared/grpc.ts";
import { newId } from "../services/shared/ids.ts";
import { createLog } from "../services/shared/log.ts";
import { createPool, type Pool } from "../services/shared/postgres.ts";
import { migrate } from "./migrate.ts";
import { roleUrl } from "./roles.ts";
import { type EmbeddedPostgres, startPostgres } from "./shop/postgres.ts";
import { Supervised } from "./shop/supervisor.ts";
import { testFolder } from "./test/servers.ts";

const log = createLog("product", { LOG_LEVEL: "ERROR" });
const quiet = Object.assign(Object.create(log), { warn: () => {}, info: () => {} });
const [password, secret] = [crypto.randomUUID(), crypto.randomUUID()];
/** How old what a shopper is shown may be (contract.md). */
const MAX_AGE_MS = 1_000;

/** A primary and a standby that streams from it, as two machines have them. */
describe("a streaming standby for the catalogue", () => {
  const folder = testFolder();
  const store_id = newId();
  const list = { store_id, limit: 20, count: false };
  const asked: string[] = [];
  let primary: EmbeddedPostgres, standby: EmbeddedPostgres;
  let pool: Pool;
  let replica: Replica;
  let rpc: ReturnType<typeof connect<ProductServiceServer>>;
  let stopService: () => Promise<void>;
  let made: Awaited<ReturnType<typeof rpc.createProduct>>;

  const start = (name: string) =>
    startPostgres({
      dataDir: join(folder, name),
      logDir: folder,
      password,
      durable: false,
      watcher: { started: () => {}, died: () => {} },
    });

  before(async () => {
    for (const name of ["primary", "standby"]) {
      Deno.mkdirSync(join(folder, name));
      Deno.chmodSync(join(folder, name), 0o711);
    }
    primary = await start("primary");
    await migrate(primary.url, secret);
    await copyOnline(primary.url, join(folder, "primary"), join(folder, "standby"));
    standby = await start("standby");
    pool = createPool({ DATABASE_URL: roleUrl(primary.url, "product", secret) }, quiet);
    const copy = createPool({ DATABASE_URL: roleUrl(standby.url, "product", secret) }, quiet);
    const query = copy.query.bind(copy) as (statement: { name?: string }) => Promise<never>;
    copy.query = ((statement: { name?: string }) => {
      if (statement.name !== "product.replica_at") asked.push(statement.name ?? "");
      return query(statement);
    }) as typeof copy.query;
    replica = createReplica({ primary: pool, replica: copy, log: quiet });
    const handlers = createHandlers({ pool, repository: createRepository(pool, replica) });
    const server = createServer<ProductServiceServer>(ProductServiceService, handlers, quiet);
    const address = `127.0.0.1:${await listen(server, "127.0.0.1:0")}`;
    rpc = connect<ProductServiceServer>(ProductServiceService, address);
    stopService = async () => {
      rpc.close();
      await stopServer(server, 1_000);
    };
    const input = product("Mug", [variant("MUG", 900, 5)]);
    made = await as(admin, () => rpc.createProduct({ store_id, product: input }));
  });
  after(async () => {
    await stopService?.();
    await replica?.close().catch(() => {});
    await pool?.end();
    await standby?.server.stop();
    await primary?.server.stop();
    await Deno.remove(folder, { recursive: true });
  });

  const shown = () => as(stranger, async () => (await rpc.listProducts(list)).data[0]?.name);
  const rename = async (name: string) => {
    made = await as(
      admin,
      () => rpc.updateProduct({ id: made.id, product: product(name, []), version: made.version, replace: false }),
    );
    return performance.now();
  };
  /** Reads for a while; of each, when it began and what it saw. */
  async function readUntil(done: () => boolean) {
    const reads: { began: number; name: string | undefined }[] = [];
    for (const end = Date.now() + 20_000; Date.now() < end && !done();) {
      reads.push({ began: performance.now(), name: await shown() });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return reads;
  }
  const asSuperuser = (statement: string) => superuser(standby.url, (client) => client.query(statement));

  it("answers what shoppers read, soon after it was written; staff and stock never ask it", async () => {
    await until(() => replica.isFresh());
    expect((await replica.query({ text: "select pg_is_in_recovery() as standby" })).rows).toEqual([{ standby: true }]);
    const written = await rename("Cup");
    const reads = await readUntil(() => performance.now() > written + MAX_AGE_MS + 200 && replica.isFresh());
    for (const { began, name } of reads) if (began > written + MAX_AGE_MS) expect(name).toBe("Cup");
    expect(asked.length).toBeGreaterThan(10);

    const before = asked.length;
    await as(admin, () => rpc.listProducts(list));
    await as(admin, () => rpc.getProduct({ store_id, id_or_slug: made.slug }));
    const variant_ids = made.variants.map(({ id }) => id);
    await as(stranger, () => rpc.getOffers({ store_id, variant_ids, product_ids: [] }));
    const lines = [{ variant_id: variant_ids[0] ?? "", quantity: 1 }];
    const expire_time = new Date(Date.now() + 60_000);
    await as(system, () => rpc.reserveStock({ order_id: newId(), store_id, lines, expire_time }));
    expect(asked.length).toBe(before);
    await until(() => replica.isFresh());
    await shown();
    expect(asked.length).toBeGreaterThan(before);
  });

  it("is left alone while it lags, so that nobody is shown what is older than a second, and asked again afterwards", async () => {
    await asSuperuser("select pg_wal_replay_pause()");
    const written = await rename("Bowl");
    const reads = await readUntil(() => performance.now() > written + MAX_AGE_MS + 200);
    expect(replica.isFresh()).toBe(false);
    for (const { began, name } of reads) if (began > written + MAX_AGE_MS) expect(name).toBe("Bowl");
    expect(reads.at(-1)?.name).toBe("Bowl");
    // What it would have shown itself.
    const { rows } = await asSuperuser(`select name from product.products where id = '${made.id}'`);
    expect(rows).toEqual([{ name: "Cup" }]);
    await asSuperuser("select pg_wal_replay_resume()");
    await until(() => replica.isFresh());
    const before = asked.length;
    expect(await shown()).toBe("Bowl");
    expect(asked.length).toBeGreaterThan(before);
  });

  it("may go away and come back while shoppers read: none of them sees an error", async () => {
    let back = false;
    const reading = readUntil(() => back);
    await standby.server.stop();
    await until(() => !replica.isFresh());
    await rename("Dish");
    expect(await shown()).toBe("Dish");
    // At the address that it had.
    const { spec, watcher } = standby.server;
    standby = { ...standby, server: new Supervised(spec, watcher) };
    await until(() => replica.isFresh());
    back = true;
    expect([...new Set((await reading).map(({ name }) => name))]).toEqual(["Bowl", "Dish"]);
  });
});

/** Copies a running server's data, as pg_basebackup does, and tells the copy whom to follow. */
async function copyOnline(url: string, from: string, to: string): Promise<void> {
  await superuser(url, async (client) => {
    await client.query("select pg_backup_start('standby', fast => true)");
    const copied = await new Deno.Command("cp", {
      args: ["-a", Deno.realPathSync(join(from, "postgres")), join(to, "postgres")],
    }).output();
    expect(copied.success).toBe(true);
    const { rows: [row] } = await client.query("select labelfile from pg_backup_stop(wait_for_archive => false)");
    const { port } = new URL(url);
    const data = join(to, "postgres");
    Deno.removeSync(join(data, "postmaster.pid"));
    Deno.writeTextFileSync(join(data, "backup_label"), row.labelfile);
    Deno.writeTextFileSync(join(data, "standby.signal"), "");
    Deno.writeTextFileSync(
      join(data, "postgresql.auto.conf"),
      `primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres password=${password}'\n`,
    );
    const { uid, gid } = Deno.statSync(data);
    for (const name of ["backup_label", "standby.signal"]) Deno.chownSync(join(data, name), uid, gid);
  });
}

async function superuser<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const own = new URL(url);
  own.username = "postgres";
  const client = new pg.Client({ connectionString: own.href });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !is() && Date.now() < end;) await new Promise((done) => setTimeout(done, 10));
  expect(is()).toBe(true);
}
