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
  SMTP_URL: "smtp://user:secret@mail.example",
  MAIL_DIR: "/data/mail",
  DATABASE_ROLE_SECRET: "secret",
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
      user: ["store", "cart", "order", "payment"],
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
      // gRPC looks the name up and connects to what it finds.
      "product.internal",
      "0.0.0.0/0:1",
      "store.internal",
    ]);
  });

  it("gives a neighbour that is named by addresses those and no others", () => {
    const order = processNamed("order");
    const environment = { CART_SERVICE_URL: "10.0.0.1:50053,10.0.0.2:50053", PORT: "1", HTTP_PORT: "2" };
    expect(flag(denoFlags(order, environment), "--allow-net")).toEqual([
      "127.0.0.1:1",
      "127.0.0.1:2",
      "10.0.0.1:50053",
      "10.0.0.2:50053",
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

  it("gives the mail server's login, and the way there, to user only, and only where it is set", () => {
    const knowing = PROCESSES.filter((process) => "SMTP_URL" in environmentFor(process, surroundings));
    expect(knowing.map(({ name }) => name)).toEqual(["user"]);
    const user = processNamed("user");
    const ways = (SMTP_URL: string) => flag(denoFlags(user, { ...surroundings, SMTP_URL }), "--allow-net");
    expect(ways(surroundings.SMTP_URL)).toContain("mail.example:587");
    expect(ways("smtps://mail.example")).toContain("mail.example:465");
    expect(ways("").join()).not.toContain("mail.example");
  });

  it("lets user write development's mails where no server sends them, and nobody anything else", () => {
    const { SMTP_URL: _, ...development } = surroundings;
    const writing = (environment: Record<string, string>) =>
      PROCESSES.flatMap((process) =>
        denoFlags(process, environmentFor(process, environment)).filter((one) => one.startsWith("--allow-write"))
      );
    expect(writing(development)).toEqual(["--allow-write=/data/mail"]);
    expect(writing(surroundings)).toEqual([]);
    expect(writing({ ...development, ENVIRONMENT: "production" })).toEqual([]);
  });

  it("hands OpenTelemetry's variables to Deno in every process, which itself may not read them", () => {
    for (const process of PROCESSES) {
      const environment = environmentFor(process, { ...surroundings, OTEL_EXPORTER_OTLP_HEADERS: "key=secret" });
      expect(environment.OTEL_EXPORTER_OTLP_HEADERS).toBe("key=secret");
      expect(denoFlags(process, environment).join(" ")).not.toContain("OTEL_");
    }
  });

  it("gives nobody what is not in the table", () => {
    for (const process of PROCESSES) {
      expect(Object.keys(environmentFor(process, surroundings))).not.toContain("DATABASE_ROLE_SECRET");
    }
  });
});
