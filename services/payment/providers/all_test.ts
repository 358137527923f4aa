import { expect } from "@std/expect";
import { describe, it } from "@std/testing/bdd";
import type { Pool } from "../../shared/postgres.ts";
import { createProviders, type ProviderConfig } from "./all.ts";

const pool = {} as Pool;
const production: ProviderConfig = { ENVIRONMENT: "production", TEST_PAYMENTS: "off" };
const stripe = { STRIPE_SECRET_KEY: "sk_test_x", STRIPE_WEBHOOK_SECRET: "whsec_x" };

describe("the payment methods", () => {
  const offers: [where: string, config: ProviderConfig, methods: string[]][] = [
    ["in development", { ...production, ENVIRONMENT: "development" }, ["test", "manual"]],
    ["in production", production, ["manual"]],
    ["in production with TEST_PAYMENTS=on", { ...production, TEST_PAYMENTS: "on" }, ["test", "manual"]],
    ["with both secrets of Stripe", { ...production, ...stripe }, ["manual", "stripe"]],
    ["with Stripe's key alone", { ...production, STRIPE_SECRET_KEY: "sk_test_x" }, ["manual"]],
    ["with Stripe's webhook secret alone", { ...production, STRIPE_WEBHOOK_SECRET: "whsec_x" }, ["manual"]],
  ];
  for (const [where, config, methods] of offers) {
    it(`are ${methods.join(" and ")} ${where}`, async () => {
      expect((await createProviders(config, pool)).offered.map(({ method }) => method.id)).toEqual(methods);
    });
  }

  it("that are no longer offered still find what they once took", async () => {
    const providers = await createProviders({ ...production, STRIPE_SECRET_KEY: "sk_test_x" }, pool);
    expect([providers.of("test").method.id, providers.of("stripe").method.id]).toEqual(["test", "stripe"]);
  });

  it("take the test provider's webhooks in development only, for its secret is in the source", async () => {
    const takes = async (config: ProviderConfig) => "parseWebhook" in (await createProviders(config, pool)).of("test");
    expect(await takes({ ...production, ENVIRONMENT: "development" })).toBe(true);
    expect(await takes({ ...production, TEST_PAYMENTS: "on" })).toBe(false);
  });
});
