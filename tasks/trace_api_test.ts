import { after, before, describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { call, operator, unique } from "../services/gateway/testing.ts";
import { testShop } from "../services/shared/testing.ts";

/** A span as OTLP's JSON has it, with what we look at. */
interface Span {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  attributes: Record<string, string>;
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<Span, "service" | "attributes"> & { attributes: Attribute[] })[] }[];
  }[];
}

interface Attribute {
  key: string;
  value: Record<string, string | number | boolean>;
}

const [SERVER, CLIENT, CONSUMER] = [2, 3, 5];

/** Collects the spans that the shop exports over OTLP. */
class Collector {
  readonly spans: Span[] = [];
  readonly #server: Deno.HttpServer;

  constructor(url: URL) {
    this.#server = Deno.serve(
      { hostname: url.hostname, port: Number(url.port), onListen: () => {} },
      async (request) => {
        const body = await request.json();
        if (new URL(request.url).pathname === "/v1/traces") this.#take(body as Export);
        return Response.json({});
      },
    );
  }

  #take({ resourceSpans }: Export): void {
    const plain = (list: Attribute[]) =>
      Object.fromEntries(list.map(({ key, value }) => [key, String(Object.values(value)[0])]));
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = plain(resource.attributes)["service.name"] ?? "";
      for (const { spans } of scopeSpans) {
        this.spans.push(...spans.map((span) => ({ ...span, service, attributes: plain(span.attributes) })));
      }
    }
  }

  /** The spans of a trace, once all that is waited for has come. */
  async trace(id: string, enough: (spans: Span[]) => boolean): Promise<Span[]> {
    for (let tries = 0; tries < 150; tries++) {
      const spans = this.spans.filter(({ traceId }) => traceId === id);
      if (enough(spans)) return spans;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return this.spans.filter(({ traceId }) => traceId === id);
  }

  close(): Promise<void> {
    return this.#server.shutdown();
  }
}

function rootsOf(spans: Span[]): Span[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentSpanId }) => !known.has(parentSpanId));
}

describe("the trace of a checkout", () => {
  const collector = new Collector(new URL(testShop().collector));
  const traceId = crypto.randomUUID().replaceAll("-", "");
  const root = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const requestId = `trace-test-${unique()}`;
  const email = `${unique()}@nano.test`;
  let spans: Span[] = [];
  let cartToken = "";
  let hook: { server: Deno.HttpServer; requests: Headers[] };

  before(async () => {
    const requests: Headers[] = [];
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      requests.push(request.headers);
      return new Response();
    });
    hook = { server, requests };
    const admin = await operator();
    const store = { slug: `s-${unique()}`, name: "Traced", currency: "USD", country: "US" };
    await call(admin, "POST", "/stores", store);
    const here = { ...admin, store: store.slug };
    const url = `http://127.0.0.1:${server.addr.port}/hook`;
    await call(here, "POST", "/webhooks", { url, event_types: ["order.placed"] });
    const product = { name: "Lamp", slug: `lamp-${unique()}`, status: "active", sku: unique(), price: 500, stock: 5 };
    const { body: { variants } } = await call<{ variants: { id: string }[] }>(here, "POST", "/products", product);
    const line = { variant_id: variants[0]?.id, quantity: 1 };
    const { body: { token } } = await call<{ token: string }>({ store: store.slug }, "POST", "/cart/items", line);
    cartToken = token;
    const address = { name: "Ada", line1: "1 High St", city: "Ely", postal_code: "CB7", country: "GB" };
    const placed = await call(
      {
        store: store.slug,
        cart: token,
        headers: {
          "idempotency-key": unique(),
          "x-request-id": requestId,
          traceparent: `00-${traceId}-${root}-01`,
        },
      },
      "POST",
      "/orders",
      { email, shipping_address: address },
    );
    expect(placed).toMatchObject({ status: 201 });
    // Each process sends its own when it likes: all are there once each has its parent, and each call who served it.
    spans = await collector.trace(
      traceId,
      (found) =>
        found.some(({ service, kind }) => service === "deliver" && kind === SERVER) && rootsOf(found).length === 1 &&
        found.every((call) =>
          call.kind !== CLIENT || !call.name.startsWith("nano.") ||
          found.some(({ kind, parentSpanId }) => kind === SERVER && parentSpanId === call.spanId)
        ),
    );
  });

  after(async () => {
    await collector.close();
    await hook.server.shutdown();
  });

  const named = (service: string, kind: number, name: RegExp) =>
    spans.filter((span) => span.service === service && span.kind === kind && name.test(span.name));
  /** The names from a span up to the client's: `service name`. */
  const wayUp = (span: Span | undefined): string[] => {
    const way: string[] = [];
    for (let at = span; at; at = spans.find(({ spanId }) => spanId === at?.parentSpanId)) {
      way.push(`${at.service} ${at.name}`);
    }
    return way;
  };

  it("begins with the gateway's route, and has one root only", () => {
    const roots = rootsOf(spans);
    expect(roots.map(({ service, name, kind }) => [service, name, kind])).toEqual([[
      "gateway",
      "POST /orders",
      SERVER,
    ]]);
    expect(roots.map(({ parentSpanId }) => parentSpanId)).toEqual([root]);
  });

  it("leads through PlaceOrder to cart, product and store, each served within its call", () => {
    const place = "nano.order.v1.OrderService/PlaceOrder";
    for (
      const [service, rpc] of [
        ["cart", "nano.cart.v1.CartService/GetCheckout"],
        ["product", "nano.product.v1.ProductService/GetOffers"],
        ["product", "nano.product.v1.ProductService/ReserveStock"],
        ["store", "nano.store.v1.StoreService/GetStore"],
        ["cart", "nano.cart.v1.CartService/CloseCart"],
      ] as const
    ) {
      const served = named(service, SERVER, new RegExp(`${rpc}$`)).map(wayUp).find(([, , above]) =>
        above === `order ${place}`
      );
      expect(served).toEqual([
        `${service} ${rpc}`,
        `order ${rpc}`,
        `order ${place}`,
        `gateway ${place}`,
        "gateway POST /orders",
      ]);
    }
  });

  it("has each statement by its name, below the RPC that runs it", () => {
    const [taken] = named("order", CLIENT, /^order\.take_cart$/);
    expect(wayUp(taken).slice(1)).toEqual([
      "order nano.order.v1.OrderService/PlaceOrder",
      "gateway nano.order.v1.OrderService/PlaceOrder",
      "gateway POST /orders",
    ]);
    expect(named("product", CLIENT, /^commit$/).length).toBeGreaterThan(0);
  });

  it("has each command to Redis below what needed it, by its name alone", () => {
    const ofRedis = spans.filter(({ attributes }) => attributes["db.system.name"] === "redis");
    expect(new Set(ofRedis.map(({ service }) => service))).toEqual(new Set(["gateway", "cart"]));
    // The gateway counts the checkout against its limit.
    const [counted] = ofRedis.filter(({ service }) => service === "gateway").map(wayUp);
    expect(counted?.slice(1)).toEqual(["gateway POST /orders"]);
    // The cart that is closed is marked and forgotten in its cache.
    const [forgotten] = ofRedis.filter(({ service, name }) => service === "cart" && name === "del").map(wayUp);
    expect(forgotten?.slice(1, 4)).toEqual([
      "cart nano.cart.v1.CartService/CloseCart",
      "order nano.cart.v1.CartService/CloseCart",
      "order nano.order.v1.OrderService/PlaceOrder",
    ]);
    for (const { name, kind, attributes } of ofRedis) {
      expect([name, kind]).toEqual([expect.stringMatching(/^[a-z]{2,12}$/), CLIENT]);
      expect(attributes).toEqual({ "db.system.name": "redis", "db.operation.name": name });
    }
  });

  it("is one tree: each span but the first has its parent in the trace, and none began before it", () => {
    const known = new Map(spans.map((span) => [span.spanId, span]));
    expect(known.size).toBe(spans.length);
    const early = spans.filter(({ parentSpanId, startTimeUnixNano }) => {
      const parent = known.get(parentSpanId);
      // A clock that is set while it runs may move by a little.
      return parent && BigInt(startTimeUnixNano) + 5_000_000n < BigInt(parent.startTimeUnixNano);
    });
    expect(early).toEqual([]);
    expect(spans.every((span) => wayUp(span).at(-1) === "gateway POST /orders")).toBe(true);
  });

  it("has the jobs that follow, down to the merchant's webhook", () => {
    const [sent] = named("deliver", SERVER, /Send$/);
    const way = wayUp(sent);
    expect(way).toEqual(expect.arrayContaining(["store job deliver_webhook", "order job publish_event"]));
    expect(way.at(-1)).toBe("gateway POST /orders");
    expect(named("order", CONSUMER, /^job publish_event$/)).toHaveLength(1);
    const [headers] = hook.requests;
    const [posted] = named("deliver", CLIENT, /^webhook$/);
    expect(posted?.parentSpanId).toBe(sent?.spanId);
    expect(posted?.attributes).toEqual({ "server.address": "127.0.0.1", "http.response.status_code": "200" });
    // The merchant's own spans go on below the one that sent it.
    expect(headers?.get("traceparent")).toBe(`00-${traceId}-${posted?.spanId}-01`);
  });

  it("holds no value of a statement and nothing of the buyer", () => {
    const text = JSON.stringify(spans);
    for (const secret of [email, "1 High St", "CB7", cartToken, "/hook"]) expect(text).not.toContain(secret);
  });
});
