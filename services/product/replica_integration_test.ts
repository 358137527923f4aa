import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { type ProductServiceServer, ProductServiceService } from "../../proto/gen/nano/product/v1/product.ts";
import { connect, createServer, listen, stopServer } from "../shared/grpc.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { createPool, type Pool } from "../shared/postgres.ts";
import { type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createHandlers } from "./handlers.ts";
import { createReplica, type Replica } from "./replica.ts";
import { createRepository } from "./repository.ts";
import { admin, as, product, staff, stranger, system, variant } from "./testing.ts";

const log = createLog("product", { LOG_LEVEL: "ERROR" });

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !is() && Date.now() < end;) await new Promise((done) => setTimeout(done, 10));
  expect(is()).toBe(true);
}

/** A second database stands for the replica, so that it shows who answered: it does not follow the first. */
describe("a replica for the catalogue", () => {
  const store_id = newId();
  let [primary, copy]: TestDatabase[] = [];
  let replica: Replica;
  let copyPool: Pool;

  before(async () => {
    [primary, copy] = [await testDatabase("product"), await testDatabase("product")];
    copyPool = createPool({ DATABASE_URL: copy.url }, log);
    replica = createReplica({ primary: primary.pool, replica: copyPool, log });
    await until(() => replica.isFresh());
  });
  after(async () => {
    await replica.close().catch(() => {});
    await primary?.drop();
    await copy?.drop();
  });

  async function serving<T>(on: Replica, use: (rpc: ReturnType<typeof connect<ProductServiceServer>>) => Promise<T>) {
    if (!primary) throw new Error("There is no database.");
    const handlers = createHandlers({ pool: primary.pool, repository: createRepository(primary.pool, on) });
    const server = createServer<ProductServiceServer>(ProductServiceService, handlers, log);
    const rpc = connect<ProductServiceServer>(
      ProductServiceService,
      `127.0.0.1:${await listen(server, "127.0.0.1:0")}`,
    );
    try {
      return await use(rpc);
    } finally {
      rpc.close();
      await stopServer(server, 1_000);
    }
  }

  const list = { store_id, limit: 20, count: false };

  it("answers shoppers' reads; staff's, services' and all of stock are the primary's", async () => {
    await serving(replica, async (rpc) => {
      const made = await as(
        admin,
        () => rpc.createProduct({ store_id, product: product("Mug", [variant("MUG", 900, 5)]) }),
      );
      const listed = (actor: typeof admin) => as(actor, async () => (await rpc.listProducts(list)).data.length);
      expect(await Promise.all([stranger, admin, staff(store_id), system].map(listed))).toEqual([0, 1, 1, 1]);
      const find = { store_id, id_or_slug: made.slug };
      await expect(as(stranger, () => rpc.getProduct(find))).rejects.toThrow("no such product");
      expect((await as(admin, () => rpc.getProduct(find))).id).toBe(made.id);
      const variant_ids = made.variants.map(({ id }) => id);
      const offers = await as(stranger, () => rpc.getOffers({ store_id, variant_ids, product_ids: [] }));
      expect(offers.data.map(({ available }) => available)).toEqual([5]);
    });
  });

  it("is not asked while it lags by more than 400 ms, and is again once it has caught up", async () => {
    if (!primary) throw new Error("There is no database.");
    let lagging = false;
    const laggard = {
      query: (statement: { name?: string }) =>
        Promise.resolve({
          rows: [statement.name === "product.replica_at" ? { there: !lagging } : { from: "the replica" }],
        }),
      end: () => Promise.resolve(),
    } as unknown as Pool;
    const watched = createReplica({ primary: primary.pool, replica: laggard, log });
    const answer = async () => (await watched.query({ text: "select 'the primary' as from" })).rows[0]?.from;
    try {
      await until(() => watched.isFresh());
      expect(await answer()).toBe("the replica");
      lagging = true;
      await until(() => !watched.isFresh());
      expect(await answer()).toBe("the primary");
      lagging = false;
      await until(() => watched.isFresh());
      expect(await answer()).toBe("the replica");
    } finally {
      await watched.close();
    }
  });

  it("leaves it to the primary when it is away, without an error", async () => {
    await copyPool.end();
    await serving(replica, async (rpc) => {
      for (let read = 0; read < 3; read++) {
        expect((await as(stranger, () => rpc.listProducts(list))).data.map(({ name }) => name)).toEqual(["Mug"]);
      }
    });
    expect(replica.isFresh()).toBe(false);
  });
});
