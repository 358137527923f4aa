import { describe, it } from "@std/testing/bdd";
import { expect } from "@std/expect";
import { readSettings, settingsSchema } from "./settings.ts";

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
    ["REDIS_URL", "on"],
    ["JWT_EXPIRATION", "-1"],
    ["ADMIN_EMAIL", "nobody"],
    ["ADMIN_PASSWORD", "short"],
    ["SEED", "yes"],
    ["TEST_PAYMENTS", "true"],
    ["STRIPE_SECRET_KEY", "pk_test_publishable"],
    ["STRIPE_WEBHOOK_SECRET", "secret"],
    ["RATE_LIMIT_SCALE", "-1"],
  ];
  for (const [variable, value] of wrong) {
    it(`names ${variable} when it is "${value}"`, () => {
      expect(() => readSettings({ [variable]: value })).toThrow(`${variable}: `);
    });
  }

  for (const variable of ["DATABASE_URL", "JWT_SECRET", "DATABASE_ROLE_SECRET"]) {
    it(`wants ${variable} in production`, () => {
      expect(() => readSettings({ ...production, [variable]: "" })).toThrow(`${variable} must be set`);
    });
  }

  for (const secret of ["short", "a".repeat(40), "0123456789ab0123456789ab0123456789ab0123456789ab"]) {
    it(`refuses the weak JWT_SECRET "${secret}" in production`, () => {
      expect(() => readSettings({ ...production, JWT_SECRET: secret })).toThrow(/JWT_SECRET is weak/);
    });
  }

  it("refuses webhooks to its own network in production", () => {
    expect(() => readSettings({ ...production, WEBHOOK_ALLOW_PRIVATE: "true" })).toThrow(/WEBHOOK_ALLOW_PRIVATE/);
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
