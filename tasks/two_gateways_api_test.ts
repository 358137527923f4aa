import { expect } from "@std/expect";
import { after, before, describe, it } from "@std/testing/bdd";
import { call, type Caller, openStore, operator, unique } from "../services/gateway/testing.ts";
import { Connection } from "./bench/client.ts";
import { type SecondProcess, startSecond } from "./test/second_process.ts";

interface Product {
  id: string;
  slug: string;
  version: number;
  status: string;
  price: { amount: number; currency: string };
  data: Product[];
}

interface Seen {
  status: number;
  etag: string;
  amount: number | undefined;
}

/** What a page may be old after a write through any gateway. */
const MAX_AGE_MS = 1_000;

/**
 * Real gateways beside the shop's own, through which is written: one with Redis and one without, and a product service
 * that only these two ask, so that what it does is done for them.
 */
describe("the catalogue of several gateways", () => {
  let admin: Caller;
  let store: { id: string; slug: string };
  let product: SecondProcess;
  let gateways: [withRedis: SecondProcess, without: SecondProcess];

  before(async () => {
    admin = await operator();
    store = await openStore(admin);
    product = await startSecond("product", { DEBUG: "true", LOG_LEVEL: "DEBUG" });
    const own = { PRODUCT_SERVICE_URL: product.address };
    gateways = await Promise.all([startSecond("gateway", own), startSecond("gateway", { ...own, REDIS_URL: "" })]);
  });
  after(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await product.stop();
  });

  it("is asked for through one gateway that has Redis, and one that has none", async () => {
    const metrics = await Promise.all(gateways.map((gateway) => gateway.metrics()));
    expect(metrics.map((text) => /^nano_redis_up (\d)$/m.exec(text)?.[1])).toEqual(["1", undefined]);
  });

  const headersOf = ({ token, store: slug, headers }: Caller) => ({
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    "x-store": slug ?? store.slug,
    ...headers,
  });
  const ask = (gateway: SecondProcess, path: string, caller: Caller = {}) =>
    fetch(`http://${gateway.address}${path}`, { headers: headersOf(caller) });
  async function see(gateway: SecondProcess, path: string, caller: Caller = {}): Promise<Seen> {
    const answer = await ask(gateway, path, caller);
    const text = await answer.text();
    const body: Product | undefined = text ? JSON.parse(text) : undefined;
    const amount = (body?.data?.[0] ?? body)?.price?.amount;
    return { status: answer.status, etag: answer.headers.get("ETag") ?? "", amount };
  }
  const sell = async (more: object = {}, slug = store.slug) =>
    (await call<Product>({ ...admin, store: slug }, "POST", "/products", {
      name: `Thing ${unique()}`,
      sku: unique(),
      price: 100,
      stock: 5,
      ...more,
    })).body;
  const change = async ({ id, version }: Product, more: object) => {
    const { status } = await call<Product>(admin, "PATCH", `/products/${id}`, { ...more, version });
    expect(status).toBe(200);
    return performance.now();
  };

  it("shows a price that was changed through one within a second at the others, however much it is read, with Redis and without", async () => {
    const made = await sell();
    const paths = [`/products/${made.slug}`, `/products?limit=20&test=${unique()}`];
    const reads: (Seen & { began: number; page: string })[] = [];
    let [written, going] = [Infinity, true];
    const readers = gateways.flatMap((gateway, index) =>
      paths.map(async (path) => {
        let etag = "";
        while (going) {
          const began = performance.now();
          const seen = await see(gateway, path, etag ? { headers: { "If-None-Match": etag } } : {});
          if (seen.status === 200) etag = seen.etag;
          reads.push({ ...seen, began, page: `${index} ${path}` });
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })
    );
    await until(() => new Set(reads.filter(({ status }) => status === 304).map(({ page }) => page)).size === 4);
    written = await change(made, { price: 250 });
    await until(() => performance.now() - written > MAX_AGE_MS + 500);
    going = false;
    await Promise.all(readers);

    for (const page of new Set(reads.map(({ page }) => page))) {
      const of = reads.filter((read) => read.page === page);
      const fresh = of.findIndex(({ amount }) => amount === 250);
      // Once whole, then 304 while nothing changes, whole again with what is new, and 304 with that.
      expect(of.map(({ status }) => status)).toEqual(
        of.map((_, at) => at === 0 || at === fresh ? 200 : 304),
      );
      expect(of[0]?.amount).toBe(100);
      expect(of[fresh]?.began).toBeLessThan(written + MAX_AGE_MS + 50);
      expect(of.length).toBeGreaterThan(fresh + 1);
    }
  });

  it("shows each store and currency its own, staff what is, and strangers nothing that is not on sale", async () => {
    const yen = await openStore(admin, { currency: "JPY", country: "JP" });
    const slug = `same-${unique()}`;
    await sell({ slug });
    await sell({ slug, price: 900 }, yen.slug);
    const draft = await sell({ status: "draft" });
    const path = `/products/${slug}`;
    for (let round = 0; round < 3; round++) {
      for (const gateway of gateways) {
        const price = async (slug: string) =>
          (await (await ask(gateway, path, { store: slug })).json() as Product).price;
        expect(await price(store.slug)).toEqual({ amount: 100, currency: "USD" });
        expect(await price(yen.slug)).toEqual({ amount: 900, currency: "JPY" });
        expect((await see(gateway, `/products/${draft.slug}`, admin)).status).toBe(200);
        expect((await see(gateway, `/products/${draft.slug}`)).status).toBe(404);
      }
    }
    await change(draft, { price: 777 });
    for (const gateway of gateways) expect((await see(gateway, `/products/${draft.slug}`, admin)).amount).toBe(777);
  });

  it("makes one call and one prepared statement of 500 requests for a page that nobody has read", async () => {
    const [gateway] = gateways;
    const [hostname = "", port] = gateway.address.split(":");
    const calls = async () =>
      [...(await gateway.metrics()).matchAll(/rpc_client_duration_seconds_count\{service="product".*\} (\d+)/g)]
        .reduce((sum, [, count]) => sum + Number(count), 0);
    const crowd = Array.from({ length: 500 }, () => new Connection(hostname, Number(port), 16 * 1024));
    const send = (path: string, id: string) =>
      Promise.all(
        crowd.map((one) =>
          one.send(one.encode({ method: "GET", path, headers: { "X-Store": store.slug, "X-Request-Id": id } }))
        ),
      );
    await send("/categories", unique());
    const [id, before, began] = [unique(), await calls(), performance.now()];
    const answers = await send(`/products?limit=20&test=${id}`, id);
    const took = performance.now() - began;
    crowd.forEach((one) => one.close());
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // A page is read again after 300 ms, should they take that long to come.
    const most = 1 + Math.floor(took / 300);
    expect(await calls() - before).toBeLessThanOrEqual(most);
    const statements = () =>
      product.log().map((line) => JSON.parse(line))
        .filter(({ http, statement }) => http?.request?.id === id && statement !== undefined);
    await until(() => statements().length > 0);
    expect(statements().length).toBeLessThanOrEqual(most);
    for (const { statement } of statements()) expect(statement).toMatch(/^product\./);
  });
});

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !is() && Date.now() < end;) await new Promise((done) => setTimeout(done, 10));
  expect(is()).toBe(true);
}
