import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createLog } from "../shared/log.ts";
import { newToken } from "../shared/ids.ts";
import { registry } from "../shared/metrics.ts";
import { createCache } from "../shared/redis.ts";
import { createApiKeys } from "./api_keys.ts";
import { createApp } from "./app.ts";
import { createCatalogue } from "./catalogue.ts";
import { createClients } from "./clients.ts";
import type { Config } from "./config.ts";
import { createRateLimits, type RateLimitDeps } from "./rate_limit.ts";
import { createSessions } from "./session.ts";
import { createStores } from "./stores.ts";

/** Nothing listens on port 1: what answers here answers without any service. */
const nowhere = "127.0.0.1:1";
const config: Config = {
  ENVIRONMENT: "production",
  LOG_LEVEL: "ERROR",
  DEBUG: false,
  HOST: "127.0.0.1",
  PORT: 1,
  HTTP_PORT: 1,
  JWT_SECRET: "0123456789abcdef0123456789abcdef",
  JWT_EXPIRATION: 600,
  USER_SERVICE_URL: nowhere,
  PRODUCT_SERVICE_URL: nowhere,
  CART_SERVICE_URL: nowhere,
  ORDER_SERVICE_URL: nowhere,
  PAYMENT_SERVICE_URL: nowhere,
  STORE_SERVICE_URL: nowhere,
  CORS_ORIGINS: ["https://shop.example"],
  TRUSTED_PROXIES: [],
  CONNECTION_LIMIT: 1,
  CONNECTION_HEAD_SECONDS: 1,
  CONNECTION_IDLE_SECONDS: 1,
  RATE_LIMIT_SCALE: 0,
};
const log = createLog("gateway", config);
const cache = createCache({}, log);
const clients = createClients(config);
const app = appWith(0);

function appWith(RATE_LIMIT_SCALE: number, more: Partial<RateLimitDeps["config"]> = {}) {
  return createApp({
    config,
    log,
    limits: createRateLimits({ config: { RATE_LIMIT_SCALE, ...more }, cache }),
    clients,
    sessions: createSessions({ config, cache, user: clients.user }),
    keys: createApiKeys({ cache, user: clients.user }),
    stores: createStores(clients),
    catalogue: createCatalogue(),
    ready: () => Promise.resolve(true),
  });
}

async function problemOf(path: string, init?: RequestInit) {
  const response = await app.request(path, init);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  return { response, body: await response.json() };
}

describe("the gateway", () => {
  it("answers its name, version and links", async () => {
    const response = await app.request("/");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ name: "Nano E-commerce", links: { docs: "/docs" } });
  });

  it("answers an unknown path with a problem that names the request", async () => {
    const { response, body } = await problemOf("/nowhere", { headers: { "X-Request-Id": "mine-1" } });
    expect(body).toMatchObject({ status: 404, code: "resource_not_found", request_id: "mine-1", instance: "/nowhere" });
    expect(response.headers.get("X-Request-Id")).toBe("mine-1");
  });

  it("answers a method that a path does not have like an unknown path", async () => {
    const { body } = await problemOf("/auth/login", { method: "PUT" });
    expect(body).toMatchObject({ status: 404, code: "resource_not_found" });
  });

  it("replaces a request id that could forge a log line", async () => {
    const response = await app.request("/", { headers: { "X-Request-Id": "a b" } });
    expect(response.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("says 503 with Retry-After, and no more, where a service is away", async () => {
    const { response, body } = await problemOf("/products");
    expect(body).toMatchObject({ status: 503, code: "unavailable" });
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(JSON.stringify(body)).not.toContain("127.0.0.1");
  });

  it("refuses a query that its schema does not know, before any call", async () => {
    const { body } = await problemOf("/products?limit=0");
    expect(body).toMatchObject({ status: 400, errors: [{ pointer: "/limit" }] });
  });

  const json = { "Content-Type": "application/json" };
  const refusals: [name: string, init: RequestInit, status: number, code: string][] = [
    ["a body over 1 MiB", { method: "POST", headers: json, body: "x".repeat(1024 * 1024 + 1) }, 413, "body_too_large"],
    [
      "a body that is not JSON by its type",
      { method: "POST", headers: { "Content-Type": "text/plain" }, body: "{}" },
      415,
      "unsupported_media_type",
    ],
    [
      "a body that is not UTF-8",
      { method: "POST", headers: json, body: Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
      400,
      "invalid_json",
    ],
    [
      "a body over 1 MiB that does not say so",
      {
        method: "POST",
        headers: { ...json, "Transfer-Encoding": "chunked" },
        body: new Blob(["x".repeat(1024 * 1024 + 1)]).stream(),
      },
      413,
      "body_too_large",
    ],
    ["a body that is not JSON", { method: "POST", headers: json, body: "{" }, 400, "invalid_json"],
    [
      "an Authorization header that is no bearer token",
      { headers: { Authorization: "Basic eA==" } },
      401,
      "invalid_token",
    ],
    ["a token that nobody signed", { headers: { Authorization: "Bearer a.b.c" } }, 401, "invalid_token"],
  ];
  for (const [name, init, status, code] of refusals) {
    it(`refuses ${name} with ${status} ${code}`, async () => {
      const { response, body } = await problemOf(init.method ? "/auth/login" : "/users/me", init);
      expect({ status: response.status, code: body.code }).toEqual({ status, code });
    });
  }

  it("counts a buyer's orders and payments together, also without Redis", async () => {
    const app = appWith(1);
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Cart-Token": "t".repeat(43) },
      body: "{}",
    };
    for (let turn = 0; turn < 5; turn++) {
      for (const path of ["/orders", "/payments"]) expect((await app.request(path, init)).status).toBe(400);
    }
    const refused = await app.request("/payments", init);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("RateLimit")).toContain('"checkout";r=0');
  });

  it("asks a stranger to sign in before it looks for the store", async () => {
    for (const path of ["/payments/settings", "/products/export.csv", "/webhooks", "/api-keys", "/search?q=ada"]) {
      const { body } = await problemOf(path, { headers: { "X-Store": "nowhere" } });
      expect([path, body.status, body.code]).toEqual([path, 401, "unauthenticated"]);
    }
  });

  for (const path of ["/cart/items", "/orders", "/payments"]) {
    it(`refuses a card number at POST ${path}, whatever else is wrong with the body`, async () => {
      const headers = { ...json, "X-Cart-Token": "t".repeat(43) };
      const { body } = await problemOf(path, { method: "POST", headers, body: '{"cards":["4242-4242-4242-4242"]}' });
      expect([body.status, body.code, body.errors[0].pointer]).toEqual([422, "card_number_refused", "/cards/0"]);
    });
  }

  for (
    const type of [
      "application/json;",
      "application/json ; charset=utf-8",
      "application/json; charset=utf-8;",
      'Application/JSON;charset="utf-8"',
      "application/vnd.shop.v2+json",
    ]
  ) {
    it(`takes a body of ${type}`, async () => {
      const { body } = await problemOf("/auth/login", {
        method: "POST",
        headers: { "Content-Type": type },
        body: "[]",
      });
      expect([body.status, body.code]).toEqual([400, "invalid_field"]);
    });
  }

  for (const [what, given] of [["nothing", ""], ["a mark of bytes' order alone", "\ufeff"]] as const) {
    it(`takes ${what} for no JSON`, async () => {
      const headers = { "Content-Type": "application/json", "Content-Length": String(given.length) };
      const { body } = await problemOf("/auth/login", { method: "POST", headers, body: given });
      expect([body.status, body.code]).toEqual([400, "invalid_json"]);
    });
  }

  it("refuses the type of an empty body with 415, as of any", async () => {
    const { body } = await problemOf("/auth/login", { method: "POST", headers: { "Content-Type": "text/plain" } });
    expect([body.status, body.code]).toEqual([415, "unsupported_media_type"]);
  });

  for (
    const [what, header, value, refusal] of [
      ["API keys that nobody was given", "X-Api-Key", () => `nano_sk_${newToken()}`, 503],
      ["what only looks like an API key", "X-Api-Key", () => "nano_sk_short", 401],
      ["tokens that nobody signed", "Authorization", () => `Bearer a.${newToken()}.c`, 401],
    ] as const
  ) {
    it(`counts ${what} by network, before it asks anybody`, async () => {
      const app = appWith(1, { RATE_LIMIT_CREDENTIALS: 3 });
      const ask = async () => await app.request("/nowhere", { method: "POST", headers: { [header]: value() } });
      // There is no user service here, which is asked about a key.
      for (let times = 0; times < 3; times++) expect((await ask()).status).toBe(refusal);
      const refused = await ask();
      expect([refused.status, (await refused.json()).code]).toEqual([429, "too_many_requests"]);
      expect(refused.headers.get("Retry-After")).toMatch(/^(19|20)$/);
      expect(refused.headers.get("RateLimit")).toContain('"credentials";r=0');
      expect((await app.request("/nowhere", { method: "POST" })).status).toBe(404);
    });
  }

  it("lets nobody keep what is not said to be cacheable", async () => {
    for (const path of ["/users/me", "/healthz", "/nowhere"]) {
      expect((await app.request(path)).headers.get("Cache-Control")).toBe("no-store");
    }
  });

  it("counts methods that nobody knows as one", async () => {
    for (const method of ["BREW", "WHISK"]) await app.request("/nowhere", { method });
    const metrics = await registry.metrics();
    expect(metrics).toContain('method="other"');
    expect(metrics).not.toMatch(/BREW|WHISK/);
  });

  it("lets only listed origins read answers", async () => {
    const origin = async (value: string) =>
      (await app.request("/", { headers: { Origin: value } })).headers.get("Access-Control-Allow-Origin");
    expect(await origin("https://shop.example")).toBe("https://shop.example");
    expect(await origin("https://evil.example")).toBe(null);
    expect(await origin("http://localhost:3000")).toBe(null);
  });

  it("serves the docs from its own files, with no other host in them", async () => {
    const docs = await app.request("/docs");
    const page = await docs.text();
    expect(docs.headers.get("Content-Security-Policy")).toContain("default-src 'self'");
    expect((await app.request("/")).headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(page).not.toMatch(/https?:\/\//);
    expect((await app.request("/docs/swagger-ui-bundle.js")).status).toBe(200);
    expect((await app.request("/docs/package.json")).status).toBe(404);
    expect((await app.request("/docs/constructor")).status).toBe(404);
  });

  it("describes every route in an OpenAPI 3.1 document", async () => {
    const document = await (await app.request("/openapi.json")).json();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain("/products");
  });

  it("describes no object that two closed schemas make up, which no value would fit", async () => {
    const { components } = await (await app.request("/openapi.json")).json();
    const closed = (name: string) => components.schemas[name]?.additionalProperties === false;
    const impossible = Object.entries<{ allOf?: { $ref?: string }[] }>(components.schemas).filter(([, schema]) =>
      schema.allOf?.some(({ $ref }) => $ref !== undefined && closed($ref.split("/").at(-1) ?? ""))
    );
    expect(impossible.map(([name]) => name)).toEqual([]);
  });

  it("says in which order its tags are read", async () => {
    const { paths, webhooks, tags } = await (await app.request("/openapi.json")).json();
    const used = new Set(operationsOf({ ...paths, ...webhooks }).flatMap(([, operation]) => operation.tags));
    expect(tags.map(({ name }: { name: string }) => name).toSorted()).toEqual([...used].toSorted());
  });

  it("describes events by schemas that it has", async () => {
    const { webhooks, components: { schemas } } = await (await app.request("/openapi.json")).json();
    const named = JSON.stringify(webhooks).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    expect([...new Set([...named].map(([, name]) => name))].filter((name) => name && schemas[name])).toEqual(
      ["Order", "Payment", "Refund"],
    );
  });

  it("describes parameters as what a client sends: none is null, none has the empty text for a default", async () => {
    const { paths } = await (await app.request("/openapi.json")).json();
    const parameters = operationsOf(paths).flatMap(([, { parameters = [] }]) => parameters);
    const odd = parameters.filter(({ schema }) => [schema?.type].flat().includes("null") || schema?.default === "");
    expect(parameters.length).toBeGreaterThan(100);
    expect(odd.map(({ name }) => name)).toEqual([]);
  });
});

describe("the document's refusals", () => {
  it("are problems, listed or not", async () => {
    const { paths, components } = await (await app.request("/openapi.json")).json();
    for (const [, { responses }] of operationsOf(paths)) {
      expect(responses).toMatchObject({ default: { $ref: "#/components/responses/Refused" } });
    }
    expect(components.responses.Refused.content).toHaveProperty(["application/problem+json"]);
  });

  it("have the members that services give them", async () => {
    const { components: { schemas: { Problem } } } = await (await app.request("/openapi.json")).json();
    const known = Object.keys(Problem.properties);
    expect(known).toEqual(expect.arrayContaining(MEMBERS));
    expect(Problem.required).toEqual(["type", "title", "status", "detail", "instance", "code", "request_id"]);
  });
});

describe("the document's security", () => {
  /** Per route the first sign of each role: what happens on the own thing, or in the own store. */
  const table = new Map(
    Deno.readTextFileSync(new URL("access.txt", import.meta.url)).split("\n").slice(4, -1).map((line) => {
      const [method, path, ...roles] = line.split(/\s+/);
      const [anonymous, guest, , , , , publishable, , full_key] = roles.map((signs) => signs[0]);
      return [`${method} ${path}`, { anonymous, guest, keys: [publishable, full_key] }];
    }),
  );

  it("is that of the access table", async () => {
    const { paths } = await (await app.request("/openapi.json")).json();
    const wrong = operationsOf(paths).filter(([name, { security }]) => {
      const { anonymous, guest, keys = [] } = table.get(name) ?? {};
      const open = anonymous !== "1";
      const alone = (scheme: string) => security.some((one) => Object.keys(one).join() === scheme);
      return alone("") !== open || alone("guest") !== (/ \/cart\b/.test(name) || (!open && guest !== "1")) ||
        (keys.includes("+") && !alone("key")) || (!open && !keys.includes("+") && !keys.includes("4") && alone("key"));
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  });
});

/** What the refusals of services carry. */
const MEMBERS = [
  "allowed",
  "available",
  "capturable",
  "failure_code",
  "items",
  "on_hand",
  "order_id",
  "orders",
  "payment_id",
  "payment_status",
  "refundable",
  "reserved",
  "total",
  "version",
];

/** What the tests look at of an operation of the document. */
interface Operation {
  tags: string[];
  parameters?: { name: string; schema?: { type?: string | string[]; default?: unknown } }[];
  security: Record<string, string[]>[];
  responses: Record<string, unknown>;
}

/** The operations of a document, each with its `GET /path`. */
function operationsOf(paths: Record<string, Record<string, Operation>>): [name: string, Operation][] {
  return Object.entries(paths).flatMap(([path, item]) =>
    ["get", "post", "put", "patch", "delete"].flatMap((method): [string, Operation][] => {
      const operation = item[method];
      return operation ? [[`${method.toUpperCase()} ${path}`, operation]] : [];
    })
  );
}
