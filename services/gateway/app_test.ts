import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import { createLog } from "../shared/log.ts";
import { createCache } from "../shared/redis.ts";
import { createApp } from "./app.ts";
import { createClients } from "./clients.ts";
import type { Config } from "./config.ts";
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
  RATE_LIMIT_SCALE: 0,
};
const log = createLog("gateway", config);
const cache = createCache({}, log);
const clients = createClients(config);
const app = createApp({
  config,
  log,
  cache,
  clients,
  sessions: createSessions({ config, cache, user: clients.user }),
  stores: createStores(clients),
  ready: () => Promise.resolve(true),
});

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

  it("lets only listed origins read answers", async () => {
    const origin = async (value: string) =>
      (await app.request("/", { headers: { Origin: value } })).headers.get("Access-Control-Allow-Origin");
    expect(await origin("https://shop.example")).toBe("https://shop.example");
    expect(await origin("https://evil.example")).toBe(null);
    expect(await origin("http://localhost:3000")).toBe(null);
  });

  it("serves the docs from its own files, with no other host in them", async () => {
    const page = await (await app.request("/docs")).text();
    expect(page).not.toMatch(/https?:\/\//);
    expect((await app.request("/docs/swagger-ui-bundle.js")).status).toBe(200);
    expect((await app.request("/docs/package.json")).status).toBe(404);
  });

  it("describes every route in an OpenAPI 3.1 document", async () => {
    const document = await (await app.request("/openapi.json")).json();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain("/products");
  });
});
