import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { type ProcessName, processNamed, processNames } from "../processes.ts";
import { environments, operatorOf, seedKind } from "./plan.ts";
import { readSettings } from "./settings.ts";

const strong = "kJ8sQ2mXw7Rt4Yb9Lc3Vn6Hd1Gf5Zp0A";
const production = readSettings({
  ENVIRONMENT: "production",
  DATABASE_URL: "postgres://owner:pw@db:5432/nano",
  DATABASE_DIRECT_URL: "postgres://owner:pw@direct:5432/nano",
  JWT_SECRET: strong,
  DATABASE_ROLE_SECRET: strong,
  HOST: "0.0.0.0",
  CORS_ORIGINS: "https://shop.example",
});

function environmentIn(name: ProcessName, telemetry: Record<string, string> = {}) {
  const ports = Object.fromEntries(
    processNames().map((name, index) => [name, { port: 100 + index, httpPort: 200 + index }]),
  );
  const plan = {
    settings: { ...production, telemetry },
    ports,
    roleSecret: strong,
    jwtSecret: strong,
    redis: "redis://cache:6379/0",
  };
  return environments({ ...plan, database: production.DATABASE_URL ?? "" }).get(processNamed(name));
}

describe("environments()", () => {
  it("gives a service its own login on both ways to the database", () => {
    const { DATABASE_URL, DATABASE_DIRECT_URL } = environmentIn("order") ?? {};
    expect(DATABASE_URL).toMatch(/^postgres:\/\/nano_order:[\w-]+@db:5432\/nano$/);
    expect(DATABASE_DIRECT_URL).toMatch(/^postgres:\/\/nano_order:[\w-]+@direct:5432\/nano$/);
  });

  it("gives neighbours' addresses as host:port", () => {
    const cart = environmentIn("cart");
    expect([cart?.PRODUCT_SERVICE_URL, cart?.STORE_SERVICE_URL, cart?.ORDER_SERVICE_URL]).toEqual(
      ["127.0.0.1:101", "127.0.0.1:105", undefined],
    );
  });

  it("opens the gateway where HOST says, and services on this machine only", () => {
    expect([environmentIn("gateway")?.HOST, environmentIn("user")?.HOST]).toEqual(["0.0.0.0", "127.0.0.1"]);
  });

  it("gives the gateway its settings and no database", () => {
    const gateway = environmentIn("gateway");
    expect(gateway).toMatchObject({
      CORS_ORIGINS: "https://shop.example",
      RATE_LIMIT_SCALE: "1",
      JWT_EXPIRATION: "600",
      CONNECTION_LIMIT: "5000",
    });
    expect(gateway).not.toHaveProperty("DATABASE_URL");
  });
});

describe("environments() with traces", () => {
  it("names each process, and leaves out what an unsampled parent leaves out, unless told otherwise", () => {
    expect(environmentIn("cart", { OTEL_DENO: "true" })).toMatchObject({
      OTEL_SERVICE_NAME: "cart",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
    });
    const own = { OTEL_DENO: "true", OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };
    expect(environmentIn("cart", own)).toMatchObject(own);
    expect(Object.keys(environmentIn("cart") ?? {}).filter((name) => name.startsWith("OTEL_"))).toEqual([]);
  });
});

describe("operatorOf()", () => {
  it("has no default in production", () => {
    expect(operatorOf(production)).toBeUndefined();
  });

  it("makes one up in development", () => {
    const settings = readSettings({ DATA_DIR: Deno.makeTempDirSync() });
    expect(operatorOf(settings)).toEqual({ email: "admin@nano.test", password: expect.stringMatching(/^\w{12}$/) });
  });
});

describe("seedKind()", () => {
  it("is demo in development, none in production, and what SEED says", () => {
    const kinds = [readSettings({}), production, { ...production, SEED: "demo" as const }].map(seedKind);
    expect(kinds).toEqual(["demo", "none", "demo"]);
  });
});
