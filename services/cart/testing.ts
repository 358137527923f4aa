/** For tests only: the cart service over gRPC, on a database of its own, with neighbours that the test commands. */
import { type CartServiceServer, CartServiceService } from "../../proto/gen/nano/cart/v1/cart.ts";
import {
  type Offer,
  type ProductServiceServer,
  ProductServiceService,
} from "../../proto/gen/nano/product/v1/product.ts";
import { type StoreServiceServer, StoreServiceService } from "../../proto/gen/nano/store/v1/store.ts";
import type { Actor } from "../shared/auth.ts";
import { notFound, unavailable } from "../shared/errors.ts";
import { connect, createServer, listen, type Rpcs, stopServer } from "../shared/grpc.ts";
import { newId, sha256 } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { createCache } from "../shared/redis.ts";
import { as, type TestDatabase, testDatabase } from "../shared/testing.ts";
import { createCartCache } from "./cache.ts";
import { createClients } from "./clients.ts";
import { rememberOwners } from "./deps.ts";
import { createHandlers } from "./handlers.ts";
import { createRepository } from "./repository.ts";

export { as };

export type CartClient = Rpcs<CartServiceServer>;

/** A catalogue and stores that do as the test says. */
export class FakeNeighbours {
  readonly offers = new Map<string, Offer>();
  readonly stores = new Map([[STORE, "USD"], [OTHER_STORE, "JPY"]]);
  /** Whether the catalogue is away. */
  away = false;

  /** Puts a variant on sale. */
  sell(more: { available?: number; amount?: number; product_id?: string; store_id?: string } = {}): Offer {
    const variant_id = newId();
    const currency = this.stores.get(more.store_id ?? STORE) ?? "USD";
    const offer = {
      variant_id,
      product_id: more.product_id ?? newId(),
      sku: `SKU-${this.offers.size}`,
      name: `Thing ${this.offers.size}`,
      price: { amount: more.amount ?? 1000, currency },
      available: more.available ?? 100,
    };
    this.offers.set(variant_id, offer);
    return offer;
  }

  product(): Partial<Rpcs<ProductServiceServer>> {
    return {
      getOffers: ({ variant_ids, product_ids }) => {
        if (this.away) throw unavailable();
        const all = [...this.offers.values()];
        const simple = product_ids.map((id) => all.filter((offer) => offer.product_id === id)).filter((found) =>
          found.length === 1
        );
        return Promise.resolve({
          data: [...all.filter((offer) => variant_ids.includes(offer.variant_id)), ...simple.flat()],
        });
      },
      getProduct: ({ id_or_slug }) => {
        const found = [...this.offers.values()].filter((offer) => offer.product_id === id_or_slug);
        if (!found.length) throw notFound("product");
        const variants = found.map(({ variant_id, sku, name, price, available }) => ({
          id: variant_id,
          sku,
          name,
          price,
          available,
          options: {},
        }));
        return Promise.resolve({
          id: id_or_slug,
          store_id: STORE,
          slug: "",
          name: "",
          description: "",
          status: "active",
          attributes: undefined,
          images: [],
          price: undefined,
          variants,
          create_time: undefined,
          update_time: undefined,
          version: 1,
        });
      },
    };
  }

  store(): Partial<Rpcs<StoreServiceServer>> {
    return {
      getStore: ({ id_or_slug: id }) => {
        const currency = this.stores.get(id);
        if (!currency) throw notFound("store");
        const tax = { rate_bp: 1000, included: currency === "JPY" };
        const times = { create_time: undefined, update_time: undefined };
        return Promise.resolve({
          id,
          slug: "",
          name: "",
          status: "active",
          currency,
          currencies: [currency],
          locale: "en-US",
          country: "US",
          origins: [],
          tax,
          version: 1,
          ...times,
        });
      },
    };
  }
}

export const STORE = newId();
export const OTHER_STORE = newId();

export interface CartHouse {
  database: TestDatabase;
  neighbours: FakeNeighbours;
  /** Two processes of the cart service, as it were, each with its own connections. */
  cart: CartClient;
  cart2: CartClient;
  close(): Promise<void>;
}

const log = createLog("cart", { LOG_LEVEL: "ERROR" });

/** Starts it all on free ports. */
export async function startCarts(REDIS_URL: string | undefined): Promise<CartHouse> {
  const database = await testDatabase("cart");
  const neighbours = new FakeNeighbours();
  const product = createServer<ProductServiceServer>(
    ProductServiceService,
    neighbours.product() as Rpcs<ProductServiceServer>,
    log,
  );
  const store = createServer<StoreServiceServer>(
    StoreServiceService,
    neighbours.store() as Rpcs<StoreServiceServer>,
    log,
  );
  const config = {
    PRODUCT_SERVICE_URL: `127.0.0.1:${await listen(product, "127.0.0.1:0")}`,
    STORE_SERVICE_URL: `127.0.0.1:${await listen(store, "127.0.0.1:0")}`,
  };
  const pool = database.pool;
  const closing: (() => unknown)[] = [];
  const start = async () => {
    const clients = createClients(config);
    const redis = createCache({ REDIS_URL }, createLog("cart", { LOG_LEVEL: "ERROR" }));
    const handlers = createHandlers({
      pool,
      repository: createRepository(pool),
      cache: createCartCache(redis),
      owners: rememberOwners(),
      neighbours: clients.neighbours,
    });
    const server = createServer<CartServiceServer>(CartServiceService, handlers, log);
    const client = connect<CartServiceServer>(CartServiceService, `127.0.0.1:${await listen(server, "127.0.0.1:0")}`);
    closing.push(() => client.close(), () => stopServer(server, 1000), () => clients.close(), () => redis.close());
    return client;
  };
  const [cart, cart2] = [await start(), await start()];
  const close = async () => {
    for (const end of closing) await end();
    await Promise.all([stopServer(product, 1000), stopServer(store, 1000)]);
    await database.drop();
  };
  return { database, neighbours, cart, cart2, close };
}

/** A signed-in customer. */
export function someone(): Actor {
  return { kind: "user", user_id: newId(), role: "customer", store_roles: [] };
}

/** The guest of a token. */
export async function guestOf(token: string): Promise<Actor> {
  return { kind: "guest", guest_hash: await sha256(token), store_roles: [] };
}

/** Holds a cart, as if a process were changing it, until the work that is begun meanwhile waits for it. */
export async function changedMeanwhile<T>(
  { database }: CartHouse,
  cart_id: string,
  change: string,
  begin: () => Promise<T>,
): Promise<T> {
  const client = await database.owner.connect();
  try {
    await client.query("begin; set local search_path = cart");
    await client.query(`update carts set version = version + 1 where id = '${cart_id}'; ${change}`);
    const work = begin();
    work.catch(() => {});
    const waits =
      "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()";
    for (let i = 0; i < 500 && !(await database.owner.query(waits)).rowCount; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.query("commit");
    return await work;
  } finally {
    client.release();
  }
}
