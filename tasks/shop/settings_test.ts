import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { join } from "node:path";
import { environmentWithFile, readSettings, settingsSchema } from "./settings.ts";

const strong = "kJ8sQ2mXw7Rt4Yb9Lc3Vn6Hd1Gf5Zp0A";
const production = {
  ENVIRONMENT: "production",
  DATABASE_URL: "postgres://owner:pw@db:5432/nano",
  JWT_SECRET: strong,
  DATABASE_ROLE_SECRET: strong,
};

describe("readSettings()", () => {
  it("needs nothing in development", () => {
    const settings = readSettings({});
    expect([settings.ENVIRONMENT, settings.GATEWAY_PORT, settings.ADMIN_PORT, settings.DATA_DIR, settings.HOST])
      .toEqual(
        ["development", 8000, 8080, ".nano", "127.0.0.1"],
      );
  });

  it("takes an empty variable for an absent one", () => {
    expect(readSettings({ DATABASE_URL: "", GATEWAY_PORT: "" }).GATEWAY_PORT).toBe(8000);
  });

  it("starts in production with three variables", () => {
    expect(readSettings(production).SEED).toBeUndefined();
  });

  const wrong: [variable: string, value: string][] = [
    ["ENVIRONMENT", "staging"],
    ["LOG_LEVEL", "info"],
    ["DEBUG", "perhaps"],
    ["HOST", "localhost"],
    ["GATEWAY_PORT", "0"],
    ["ADMIN_PORT", "http"],
    ["DATABASE_URL", "mysql://db/nano"],
    ["DATABASE_DIRECT_URL", "db:5432"],
    ["DATABASE_REPLICA_URL", "db:5432"],
    ["REDIS_URL", "on"],
    ["JWT_EXPIRATION", "-1"],
    ["ADMIN_EMAIL", "nobody"],
    ["ADMIN_PASSWORD", "short"],
    ["SEED", "yes"],
    ["TEST_PAYMENTS", "true"],
    ["STRIPE_SECRET_KEY", "pk_test_publishable"],
    ["STRIPE_WEBHOOK_SECRET", "secret"],
    ["RATE_LIMIT_SCALE", "-1"],
    ["SMTP_URL", "mail.example:587"],
    ["ADMIN_URL", "console.example"],
    ["ADMIN_PASSWORD", "long ".repeat(60)],
    ["MAIL_FROM", "a shop\r\nBcc: everybody@example.com"],
    ["STOREFRONT_URL", "{store}.shop.example"],
    ["TLS_DIR", "a,b"],
  ];
  for (const [variable, value] of wrong) {
    it(`names ${variable} when it is "${value}"`, () => {
      expect(() => readSettings({ [variable]: value })).toThrow(`${variable}: `);
    });
  }

  it("refuses in development too a secret of tokens with which no process starts", () => {
    expect(() => readSettings({ JWT_SECRET: "short" })).toThrow("JWT_SECRET is weak");
    expect(() => readSettings({ JWT_SECRET_PREVIOUS: "short" })).toThrow("JWT_SECRET_PREVIOUS is weak");
    expect(readSettings({ DATABASE_ROLE_SECRET: "short" }).DATABASE_ROLE_SECRET).toBe("short");
  });

  it("takes DEBUG as the processes do", () => {
    expect(["1", "0", "true", "false"].map((DEBUG) => readSettings({ DEBUG }).DEBUG)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  for (const variable of ["DATABASE_URL", "JWT_SECRET", "DATABASE_ROLE_SECRET"]) {
    it(`wants ${variable} in production`, () => {
      expect(() => readSettings({ ...production, [variable]: "" })).toThrow(`${variable} must be set`);
    });
  }

  const weak = [
    "short",
    "a".repeat(40),
    "0123456789ab0123456789ab0123456789ab0123456789ab",
    "change-me-to-something-long-and-random-0123456789",
    "your-secret-key-of-at-least-32-characters",
  ];
  for (const name of ["JWT_SECRET", "JWT_SECRET_PREVIOUS", "DATABASE_ROLE_SECRET"]) {
    for (const secret of weak) {
      it(`refuses the weak ${name} "${secret}" in production, without telling it`, () => {
        const start = () => readSettings({ ...production, [name]: secret });
        expect(start).toThrow(`${name} is weak`);
        expect(start).not.toThrow(secret);
      });
    }
  }

  for (const password of ["password1234", "admin@shop.example", "12345678"]) {
    it(`refuses the weak ADMIN_PASSWORD "${password}" in production, without telling it`, () => {
      const start = () => readSettings({ ...production, ADMIN_EMAIL: "admin@shop.example", ADMIN_PASSWORD: password });
      expect(start).toThrow("ADMIN_PASSWORD is weak");
      expect(start).not.toThrow(password);
    });
  }

  it("takes a strong ADMIN_PASSWORD in production", () => {
    const given = { ADMIN_EMAIL: "admin@shop.example", ADMIN_PASSWORD: "kJ8s-Q2mX-w7Rt" };
    expect(readSettings({ ...production, ...given }).ADMIN_PASSWORD).toBe(given.ADMIN_PASSWORD);
  });

  it("refuses webhooks to its own network in production", () => {
    expect(() => readSettings({ ...production, WEBHOOK_ALLOW_PRIVATE: "true" })).toThrow(/WEBHOOK_ALLOW_PRIVATE/);
  });

  it("wants to know in production where links in mails lead, if it sends any", () => {
    const mail = { ...production, SMTP_URL: "smtp://mail.example" };
    expect(() => readSettings(mail)).toThrow(/ADMIN_URL must be set/);
    expect(readSettings({ ...mail, ADMIN_URL: "https://console.example" }).SMTP_URL).toBe("smtp://mail.example");
  });

  it("refuses a weak JWT_SECRET_PREVIOUS in production", () => {
    expect(() => readSettings({ ...production, JWT_SECRET_PREVIOUS: "short" })).toThrow(/JWT_SECRET_PREVIOUS is weak/);
  });

  it("refuses DEBUG in production", () => {
    expect(() => readSettings({ ...production, DEBUG: "true" })).toThrow(/DEBUG/);
  });
});

describe(".env.example", () => {
  it("names every variable that start reads", () => {
    const text = Deno.readTextFileSync(new URL("../../.env.example", import.meta.url));
    const missing = Object.keys(settingsSchema.shape).filter((name) => !new RegExp(`^#?${name}=`, "m").test(text));
    expect(missing).toEqual([]);
  });
});

describe("environmentWithFile()", () => {
  it("reads the file beneath the real environment, and does without one", () => {
    const file = join(Deno.makeTempDirSync(), ".env");
    Deno.env.set("NANO_TEST_REAL", "real");
    Deno.writeTextFileSync(file, "NANO_TEST_REAL=file\nNANO_TEST_FILE='a b' # why\n");
    const { NANO_TEST_REAL, NANO_TEST_FILE } = environmentWithFile(file);
    expect([NANO_TEST_REAL, NANO_TEST_FILE]).toEqual(["real", "a b"]);
    expect(environmentWithFile(`${file}.none`).NANO_TEST_FILE).toBeUndefined();
  });
});
