import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { settings as cart } from "../services/cart/config.ts";
import { settings as gateway } from "../services/gateway/config.ts";
import { settings as order } from "../services/order/config.ts";
import { settings as payment } from "../services/payment/config.ts";
import { settings as product } from "../services/product/config.ts";
import { deliverSettings as deliver, settings as store } from "../services/store/config.ts";
import { settings as user } from "../services/user/config.ts";
import {
  denoArguments,
  denoFlags,
  environmentFor,
  environmentNames,
  PROCESSES,
  processNamed,
  SERVICES,
} from "./processes.ts";

const surroundings = {
  ENVIRONMENT: "development",
  HOST: "127.0.0.1",
  DATABASE_URL: "postgres://nano_x:secret@db.example:6432/nano",
  REDIS_URL: "redis://:secret@127.0.0.1/0",
  JWT_SECRET: "secret",
  STRIPE_SECRET_KEY: "secret",
  SMTP_URL: "secret",
  ADMIN_PASSWORD: "secret",
  ...Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, `${name}.internal:1`])),
};

function flag(flags: string[], name: string): string[] {
  return flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1).split(",") ?? [];
}

describe("processes", () => {
  it("has every port once", () => {
    const ports = PROCESSES.flatMap(({ port, httpPort }) => [port, httpPort]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it("draws only the edges of the architecture", () => {
    const edges = Object.fromEntries(PROCESSES.map(({ name, neighbours }) => [name, neighbours]));
    expect(edges).toEqual({
      user: ["store"],
      product: ["store", "deliver", "order"],
      cart: ["product", "store"],
      order: ["cart", "product", "store", "payment"],
      payment: ["order", "store"],
      store: ["deliver"],
      deliver: [],
      gateway: SERVICES,
      admin: [],
    });
  });
});

describe("environmentNames()", () => {
  for (const [name, settings] of Object.entries({ cart, deliver, gateway, order, payment, product, store, user })) {
    it(`lets ${name} read what its settings are, and no more`, () => {
      const row = PROCESSES.find((process) => process.name === name);
      const names = row ? environmentNames(row) : [];
      expect(names.filter((name) => name !== "FAILPOINTS").sort()).toEqual(Object.keys(settings).sort());
    });
  }
});

describe("denoFlags()", () => {
  it("names a process's own ports, servers and neighbours, and nothing else", () => {
    const cart = processNamed("cart");
    expect(flag(denoFlags(cart, environmentFor(cart, surroundings)), "--allow-net")).toEqual([
      "127.0.0.1:50053",
      "127.0.0.1:8003",
      "db.example:6432",
      "127.0.0.1:6379",
      "product.internal:1",
      "store.internal:1",
    ]);
  });

  it("gives the gateway no way to the database", () => {
    const gateway = processNamed("gateway");
    expect(denoFlags(gateway, surroundings).join(" ")).not.toMatch(/db\.example|DATABASE_URL/);
  });

  it("gives the admin its build, the gateway and nothing else", () => {
    const admin = processNamed("admin");
    const environment = environmentFor(admin, { ...surroundings, GATEWAY_URL: "http://gateway.internal:8000" });
    const flags = denoFlags(admin, environment);
    expect(flag(flags, "--allow-net")).toEqual(["127.0.0.1:8080", "127.0.0.1:8008", "gateway.internal:8000"]);
    expect(flag(flags, "--allow-read")).toEqual(["./node_modules", "./admin/_fresh", "./admin/static"]);
    expect(Object.keys(environment).sort()).toEqual(["ENVIRONMENT", "GATEWAY_URL", "HOST", "JWT_SECRET"]);
  });

  it("lets only user load native code", () => {
    const native = PROCESSES.filter((process) => denoFlags(process, {}).some((flag) => flag.startsWith("--allow-ffi")));
    expect(native.map(({ name }) => name)).toEqual(["user"]);
  });

  it("opens the network to the sender of webhooks alone, which may read no file but its libraries", () => {
    const open = PROCESSES.filter((process) => denoFlags(process, surroundings).includes("--allow-net"));
    expect(open.map(({ name, database, redis }) => [name, database, redis])).toEqual([["deliver", false, false]]);
    const deliver = processNamed("deliver");
    expect(flag(denoFlags(deliver, surroundings), "--allow-read")).toEqual(["./node_modules"]);
    const given = { ...surroundings, DATABASE_ROLE_SECRET: "secret", WEBHOOK_ALLOW_PRIVATE: "true" };
    expect(environmentFor(deliver, given)).toEqual({
      ENVIRONMENT: "development",
      HOST: "127.0.0.1",
      WEBHOOK_ALLOW_PRIVATE: "true",
    });
  });

  it("never allows everything, nor writing, nor running programs", () => {
    for (const process of PROCESSES) {
      const args = denoArguments(process, surroundings).filter((one) => !process.openNet || one !== "--allow-net");
      expect(args.filter((argument) => /^(-A|--allow-(all|write|run|import|\w+$))/.test(argument))).toEqual([]);
      expect(args).toContain("--no-prompt");
    }
  });

  it("shows no proto sources in production", () => {
    const user = processNamed("user");
    expect(flag(denoFlags(user, surroundings), "--allow-read")).toContain("./proto");
    expect(flag(denoFlags(user, { ...surroundings, ENVIRONMENT: "production" }), "--allow-read")).not.toContain(
      "./proto",
    );
  });
});

describe("environmentFor()", () => {
  it("gives the token secret to user and gateway, and to admin for its cookie's key", () => {
    const knowing = PROCESSES.filter((process) => "JWT_SECRET" in environmentFor(process, surroundings));
    expect(knowing.map(({ name }) => name)).toEqual(["user", "gateway", "admin"]);
  });

  it("gives Stripe's key, and the way to Stripe, to payment only, and only where the key is set", () => {
    const knowing = PROCESSES.filter((process) => "STRIPE_SECRET_KEY" in environmentFor(process, surroundings));
    expect(knowing.map(({ name }) => name)).toEqual(["payment"]);
    const payment = processNamed("payment");
    expect(flag(denoFlags(payment, surroundings), "--allow-net")).toContain("api.stripe.com:443");
    const { STRIPE_SECRET_KEY: _, ...without } = surroundings;
    expect(flag(denoFlags(payment, without), "--allow-net")).not.toContain("api.stripe.com:443");
  });

  it("gives nobody what is not in the table", () => {
    for (const process of PROCESSES) {
      expect(Object.keys(environmentFor(process, surroundings))).not.toContain("SMTP_URL");
    }
  });
});
