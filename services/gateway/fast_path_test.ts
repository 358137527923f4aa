import { expect } from "@std/expect";
import { afterEach, describe, it } from "@std/testing/bdd";
import type { Session } from "../../proto/gen/nano/user/v1/user.ts";
import { currentActor } from "../shared/auth.ts";
import { notFound, unavailable } from "../shared/errors.ts";
import { newId } from "../shared/ids.ts";
import { createLog } from "../shared/log.ts";
import { registry } from "../shared/metrics.ts";
import { createApp, type Deps } from "./app.ts";
import { createCatalogue } from "./catalogue.ts";
import { fastPath } from "./fast_path.ts";
import { observeAnswers } from "./observe.ts";
import { createRateLimits } from "./rate_limit.ts";
import { createStores } from "./stores.ts";

const lines: string[] = [];
const log = createLog("gateway", { LOG_LEVEL: "INFO" }, { write: (line: string) => void lines.push(line) });

/** The services behind both gateways, played by the test: what they hold, and what they were asked. */
const house = {
  stores: { default: newId(), tokyo: newId() } as Record<string, string>,
  names: new Map<string, string>(),
  reads: 0,
  /** How many requests went the whole way. */
  whole: 0,
  fault: undefined as Error | undefined,
};
const currencyOf = (store_id: string) => store_id === house.stores["tokyo"] ? "JPY" : "USD";

const clients = {
  ...Object.fromEntries(["user", "cart", "order", "payment"].map((name) => [name, {}])),
  store: {
    getStore: ({ id_or_slug }: { id_or_slug: string }) => {
      const id = house.stores[id_or_slug || "default"];
      return id
        ? Promise.resolve({ id, slug: id_or_slug, currency: currencyOf(id) })
        : Promise.reject(notFound("store"));
    },
  },
  product: {
    async listProducts({ store_id }: { store_id: string }) {
      house.reads++;
      await Promise.resolve();
      if (house.fault) throw house.fault;
      const status = currentActor().role === "admin" ? "draft" : "active";
      const price = { amount: 100, currency: currencyOf(store_id) };
      return { data: [{ id: newId(), store_id, name: house.names.get(store_id) ?? "old", status, price }] };
    },
  },
};

/** Another gateway of the platform. */
function gateway(RATE_LIMIT_SCALE = 1000) {
  const config = { ENVIRONMENT: "production", CORS_ORIGINS: ["https://shop.example"], TRUSTED_PROXIES: [] };
  const catalogue = createCatalogue();
  const limits = createRateLimits({ cache: { redis: undefined }, config: { RATE_LIMIT_SCALE } });
  const sessionOf = (role: string) => ({ id: newId(), user_id: newId(), role, store_roles: [], email: "a@nano.test" });
  const app = createApp({
    config,
    log,
    limits,
    catalogue,
    clients,
    sessions: { check: (token: string) => Promise.resolve(sessionOf(token) as unknown as Session) },
    keys: { check: () => Promise.reject(new Error("There are no keys here.")) },
    stores: createStores(clients as unknown as Deps["clients"]),
    ready: () => Promise.resolve(true),
  } as unknown as Deps);
  const handle = fastPath({ config, catalogue, limits, observe: observeAnswers(log) }, (request, info) => {
    house.whole++;
    return app.fetch(request, info);
  });
  const info = { remoteAddr: { transport: "tcp", hostname: "192.0.2.7", port: 1 }, completed: Promise.resolve() };
  return async (path: string, headers: Record<string, string> = {}) =>
    await handle(new Request(`http://nano.test${path}`, { headers }), info as Deno.ServeHandlerInfo<Deno.NetAddr>);
}

/** Lets time pass, without waiting. */
let skew = 0;
const [realNow, realDate] = [performance.now.bind(performance), Date.now.bind(Date)];
performance.now = () => realNow() + skew;
Date.now = () => realDate() + skew;
const pass = (milliseconds: number) => skew += milliseconds;

const nameIn = async (response: Response) => (await response.json()).data[0].name as string;
/** A path that no other test asks for. */
const path = () => `/products?limit=20&test=${crypto.randomUUID()}`;

describe("a gateway's catalogue", () => {
  afterEach(() => {
    house.fault = undefined;
    house.names.clear();
    pass(10_000);
  });

  it("is read once for 500 who ask for the same at the same time", async () => {
    const [ask, page, before, whole] = [gateway(), path(), house.reads, house.whole];
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask(page)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect([house.reads - before, house.whole - whole]).toEqual([1, 1]);
  });

  it("shows what was written a second ago, through whichever gateway", async () => {
    const [one, other, page] = [gateway(), gateway(), path()];
    for (const ask of [one, other]) expect(await nameIn(await ask(page))).toBe("old");
    for (const ask of [one, other]) expect(await nameIn(await ask(page))).toBe("old");
    house.names.set(house.stores["default"]!, "new");
    pass(1_000);
    for (const ask of [one, other]) expect(await nameIn(await ask(page))).toBe("new");
  });

  it("counts a page's age from before it was read, however often it is asked for", async () => {
    const [ask, page] = [gateway(), path()];
    await ask(page);
    house.names.set(house.stores["default"]!, "new");
    const seen: string[] = [];
    for (let waited = 0; waited < 1_000; waited += 50) {
      pass(50);
      seen.push(await nameIn(await ask(page)));
    }
    expect(seen.at(-1)).toBe("new");
    expect(seen.lastIndexOf("old")).toBeLessThan(seen.indexOf("new"));
  });

  it("tells stores and their currencies apart", async () => {
    const [ask, page] = [gateway(), path()];
    for (let round = 0; round < 2; round++) {
      for (const [slug, currency] of [["default", "USD"], ["tokyo", "JPY"]] as const) {
        for (const answer of [await ask(page, { "X-Store": slug }), await ask(`${page}&store=${slug}`)]) {
          expect((await answer.json()).data[0]).toMatchObject({ store_id: house.stores[slug], price: { currency } });
        }
      }
    }
    expect((await ask(page, { "X-Store": "nowhere" })).status).toBe(404);
  });

  it("shows nobody the default store for another one by an empty X-Store", async () => {
    const [ask, page] = [gateway(), `${path()}&store=tokyo`];
    for (const headers of [{ "X-Store": "" }, {}]) {
      expect((await (await ask(page, headers)).json()).data[0]).toMatchObject({ store_id: house.stores["tokyo"] });
    }
  });

  it("shows staff what is, and nobody what only staff may see", async () => {
    const [ask, page] = [gateway(), path()];
    const as = (role: string) => ask(page, { Authorization: `Bearer ${role}` });
    const statusIn = async (response: Response) => (await response.json()).data[0].status;
    expect(await statusIn(await as("admin"))).toBe("draft");
    expect(await statusIn(await ask(page))).toBe("active");
    expect(await statusIn(await ask(page))).toBe("active");
    expect(await statusIn(await as("customer"))).toBe("active");
    house.names.set(house.stores["default"]!, "new");
    const answer = await as("admin");
    expect(answer.headers.get("Cache-Control")).toBe("private, no-cache");
    expect(await nameIn(answer)).toBe("new");
    expect((await as("customer")).headers.get("Cache-Control")).toBe("private, max-age=1");
    expect((await ask(page)).headers.get("Cache-Control")).toBe("public, max-age=1");
  });

  it("gives nobody who came after a write what was being read before it", async () => {
    const [ask, page] = [gateway(), path()];
    const before = ask(page);
    await Promise.resolve();
    house.names.set(house.stores["default"]!, "new");
    pass(600);
    const after = await Promise.all([ask(page), ask(page)]);
    await before;
    expect(await Promise.all(after.map(nameIn))).toEqual(["new", "new"]);
  });

  it("keeps no failure", async () => {
    const [ask, page] = [gateway(), path()];
    house.fault = unavailable();
    expect((await ask(page)).status).toBe(503);
    house.fault = undefined;
    expect((await ask(page)).status).toBe(200);
  });
});

describe("the short way of a page that was just shown", () => {
  it("answers as the whole chain does", async () => {
    const [ask, page] = [gateway(), path()];
    const [first, second] = [await ask(page), await ask(page, { "X-Request-Id": "mine" })];
    const [whole, short] = [first, second].map(({ headers }) => {
      const found = Object.fromEntries(headers);
      // What is each request's own, and what only says something to another origin.
      for (const name of ["x-request-id", "ratelimit", "access-control-expose-headers"]) delete found[name];
      return found;
    });
    expect(short).toEqual(whole);
    expect(second.headers.get("X-Request-Id")).toBe("mine");
    expect(second.headers.get("RateLimit")).toMatch(/^"read";r=\d+;t=\d+$/);
    expect(await second.text()).toBe(await first.text());
  });

  it("answers 304 to who has it", async () => {
    const [ask, page] = [gateway(), path()];
    const etag = (await ask(page)).headers.get("ETag") ?? "";
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    const answer = await ask(page, { "If-None-Match": etag });
    expect([answer.status, answer.headers.get("ETag"), await answer.text()]).toEqual([304, etag, ""]);
    expect(answer.headers.get("Content-Type")).toBeNull();
    expect((await ask(page, { "If-None-Match": '"another"' })).status).toBe(200);
    expect((await ask(page)).headers.get("Content-Type")).toBe("application/json");
  });

  it("is learnt from a 304 too", async () => {
    const [ask, page, named] = [gateway(), path(), { "X-Store": "default" }];
    const first = await ask(page);
    const etag = first.headers.get("ETag") ?? "";
    expect((await ask(page, { ...named, "If-None-Match": etag })).status).toBe(304);
    const before = house.whole;
    const short = await ask(page, named);
    expect([short.status, await short.text(), house.whole - before]).toEqual([200, await first.text(), 0]);
    expect([...short.headers.keys()]).toEqual([...(await ask(page)).headers.keys()]);
  });

  it("counts against the limit, and is refused beyond it", async () => {
    const [ask, page] = [gateway(0.01), path()];
    const statuses: number[] = [];
    for (let request = 0; request < 8; request++) statuses.push((await ask(page)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  });

  it("writes the access log and the metrics", async () => {
    const [ask, page] = [gateway(), path()];
    const counted = async () =>
      Number(
        /request_duration_seconds_count\{method="GET",route="\/products",status="2xx"\} (\d+)/
          .exec(await registry.metrics())?.[1] ?? 0,
      );
    await ask(page);
    const before = await counted();
    lines.length = 0;
    await ask(page, { "X-Request-Id": "logged" });
    expect(await counted()).toBe(before + 1);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      http: { request: { id: "logged", method: "GET" }, response: { status_code: 200 } },
      url: { path: "/products", route: "/products" },
      labels: { actor: "anonymous", store: house.stores["default"] },
    });
  });

  it("is not for who names no host, however the URL looks that comes of it", async () => {
    const [ask, page] = [gateway(), path()];
    for (let round = 0; round < 2; round++) {
      expect((await ask(page, { Host: "shop.example:8000" })).status).toBe(200);
      const answer = await ask(page, { Host: "a/products?x=" });
      expect([answer.status, (await answer.json()).code]).toEqual([400, "invalid_host"]);
    }
  });

  it("is not for who comes from another origin", async () => {
    const [ask, page] = [gateway(), path()];
    for (let round = 0; round < 2; round++) {
      await ask(page);
      const answer = await ask(page, { Origin: "https://shop.example" });
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://shop.example");
    }
  });
});
